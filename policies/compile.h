#pragma once
// GatewaySpec → RuleSet, and everything that is wrong with the policies, each at its place.
#include <vector>

#include "policies/problem.h"
#include "policies/rule_set.h"

namespace steelyard {
struct GatewaySpec;
}

namespace steelyard::policies {

struct Compiled {
  RuleSet rules;                  // complete only when there are no errors
  std::vector<Problem> problems;  // all of them, in document order
};

// Reads policies, tiers, default_tier, names of models, and the ids of organisations, teams and
// keys. Codes: P0300 malformed rule, P0301 no such model, P0302 no such tier, P0303 bad time, P0304
// names nobody has (warning), P0305 limits, P0306 twice the same name, P0307 no candidate left,
// P0412 can never match.
Compiled compile(const GatewaySpec& spec);

}  // namespace steelyard::policies
