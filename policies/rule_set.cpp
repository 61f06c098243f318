#include "policies/rule_set.h"

#include <algorithm>

#include "policies/match.h"

namespace steelyard::policies {

bool GlobList::matches(std::string_view text) const {
  return std::any_of(globs.begin(), globs.end(), [&](const Glob& g) { return g.matches(text); });
}

std::span<const std::uint16_t> RuleSet::rules_for(std::string_view team) const {
  if (by_team_.empty()) return {};
  const std::int32_t list = team_numbers_.find(team);
  return by_team_[list < 0 ? 0 : static_cast<std::size_t>(list)];
}

KeyRules RuleSet::rules_of(std::string_view organisation, std::string_view team,
                           std::string_view key) const {
  RequestFacts facts;
  facts.organisation = organisation;
  facts.team = team;
  facts.key = key;
  KeyRules out;
  for (const std::uint16_t number : rules_for(team))
    if (match_key(rules_[number], facts) == Miss::none) out.numbers.push_back(number);
  return out;
}

}  // namespace steelyard::policies
