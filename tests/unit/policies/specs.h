#pragma once
// Small configurations built in code, for the tests of policies/.
#include <initializer_list>
#include <string>

#include "config/spec/gateway_spec.h"
#include "policies/compile.h"
#include "policies/evaluate.h"

namespace steelyard::policies {

inline std::vector<Located<std::string>> globs(std::initializer_list<const char*> patterns) {
  std::vector<Located<std::string>> out;
  for (const char* pattern : patterns) out.push_back({pattern, {}});
  return out;
}

// Five models, three tiers, one organisation with two teams.
inline GatewaySpec base_spec() {
  GatewaySpec spec;
  for (const char* name :
       {"gpt-6-luna", "gpt-6-terra", "claude-opus-5-5", "claude-fable-5-1", "deepseek-flash"}) {
    ModelSpec model;
    model.name = name;
    spec.models.push_back(model);
  }
  for (const char* name : {"economy", "standard", "premium"}) {
    TierSpec tier;
    tier.name = name;
    spec.tiers.push_back(tier);
  }
  spec.default_tier = "standard";
  OrganisationSpec acme;
  acme.name = "acme";
  for (const char* name : {"search", "platform"}) {
    TeamSpec team;
    team.name = name;
    KeySpec key;
    key.id = std::string(name) + "-prod";
    team.keys.push_back(key);
    acme.teams.push_back(team);
  }
  spec.organisations.push_back(acme);
  return spec;
}

inline PolicySpec rule(const char* name, std::uint32_t line = 0) {
  PolicySpec policy;
  policy.name = name;
  policy.use = UseSpec{};
  policy.at = {0, line, 3, 1};
  return policy;
}

inline PolicySpec rule_for_tier(const char* name, const char* tier) {
  PolicySpec policy = rule(name);
  policy.use->tier = Located<std::string>{tier, {}};
  return policy;
}

inline RequestFacts facts_for(const char* model) {
  RequestFacts facts;
  facts.organisation = "acme";
  facts.team = "search";
  facts.key = "search-prod";
  facts.requested_model = model;
  facts.input_tokens = 1000;
  facts.now = Instant::from_seconds(1'772'442'000);  // Monday 2026-03-02 09:00 UTC
  return facts;
}

}  // namespace steelyard::policies
