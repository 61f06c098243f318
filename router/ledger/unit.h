#pragma once
// What an account of the books counts. Nearly all count money; the quotas of a plan may count
// tokens or requests, in the same integers, and say so in their scope:
// "plan:acme/search/tokens-month".
#include <string_view>

namespace steelyard::router {

inline constexpr std::string_view plan_prefix = "plan:";

// Does it belong to a plan: a quota or a fee, not what a request costs in a budget?
inline bool of_plan(std::string_view scope) {
  return scope.starts_with(plan_prefix);
}

// What a plan costs, rather than what may be used: it has no pace, and nothing is reached by it.
inline bool is_fee(std::string_view scope) {
  return of_plan(scope) && (scope.ends_with("/seats") || scope.ends_with("/packs"));
}

// "tokens", "uses", or "" for money.
inline std::string_view unit_of(std::string_view scope) {
  if (!of_plan(scope)) return {};
  const std::string_view last = scope.substr(scope.rfind('/') + 1);
  for (const std::string_view unit : {"tokens", "uses"})
    if (last.starts_with(unit)) return unit;
  return {};
}

}  // namespace steelyard::router
