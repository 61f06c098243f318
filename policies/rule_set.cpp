#include "policies/rule_set.h"

#include <algorithm>

namespace steelyard::policies {

bool GlobList::matches(std::string_view text) const {
  return std::any_of(globs.begin(), globs.end(), [&](const Glob& g) { return g.matches(text); });
}

std::span<const std::uint16_t> RuleSet::rules_for(std::string_view team) const {
  if (by_team_.empty()) return {};
  const std::int32_t list = team_numbers_.find(team);
  return by_team_[list < 0 ? 0 : static_cast<std::size_t>(list)];
}

}  // namespace steelyard::policies
