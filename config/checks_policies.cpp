// Policies: names, tiers, models, and people who do not exist.
#include <algorithm>
#include <map>

#include "config/checks.h"
#include "config/nearest.h"
#include "config/types/glob.h"

namespace steelyard {
namespace {

struct People {
  std::vector<std::string> organisations, teams, keys;
};

People people_of(const GatewaySpec& spec) {
  People people;
  for (const OrganisationSpec& organisation : spec.organisations) {
    people.organisations.push_back(organisation.name);
    for (const TeamSpec& team : organisation.teams) {
      people.teams.push_back(team.name);
      for (const KeySpec& key : team.keys) people.keys.push_back(key.id);
    }
  }
  return people;
}

void check_known(const std::vector<Located<std::string>>& globs,
                 const std::vector<std::string>& known, const char* noun, DiagnosticSink& sink) {
  for (const Located<std::string>& glob : globs) {
    const auto matches = [&](const std::string& name) { return glob_match(glob.value, name); };
    if (std::any_of(known.begin(), known.end(), matches)) continue;
    const std::optional<std::string> close = nearest(glob.value, known);
    sink.warning("C0409", glob.at, std::string("no ") + noun + " is called `" + glob.value + "`",
                 "never holds", close ? "the closest is `" + *close + "`" : "");
  }
}

void check_one(const GatewaySpec& spec, const PolicySpec& policy, const People& people,
               DiagnosticSink& sink) {
  if (policy.use && policy.deny) {
    sink.error("C0421", policy.at, "policy `" + policy.name + "` has both `use` and `deny`",
               "contradicts itself", "keep one of the two");
  } else if (!policy.use && !policy.deny) {
    sink.error("C0421", policy.at, "policy `" + policy.name + "` decides nothing",
               "neither `use` nor `deny`",
               "add `use: { tier: standard }`, or `deny: \"the reason\"`");
  }
  check_known(policy.when.organisation, people.organisations, "organisation", sink);
  check_known(policy.when.team, people.teams, "team", sink);
  check_known(policy.when.key, people.keys, "key", sink);
  if (!policy.use || spec.models.empty()) return;
  for (const auto& glob : policy.use->models) check_model_glob(spec, glob.value, glob.at, sink);
  for (const auto& glob : policy.use->exclude) check_model_glob(spec, glob.value, glob.at, sink);
}

void check_thresholds(const GatewaySpec& spec, const std::vector<BudgetSpec>& budgets,
                      DiagnosticSink& sink) {
  for (const BudgetSpec& budget : budgets) {
    for (const Threshold& threshold : budget.thresholds) {
      const bool named =
          threshold.action == ThresholdAction::max_tier && !threshold.max_tier.empty();
      if (named) check_tier_name(spec, threshold.max_tier, threshold.at, sink);
    }
    for (const Threshold& step : budget.pace)
      if (!step.max_tier.empty()) check_tier_name(spec, step.max_tier, step.at, sink);
  }
}

}  // namespace

void check_tier_name(const GatewaySpec& spec, const std::string& name, SourceSpan at,
                     DiagnosticSink& sink) {
  std::vector<std::string> names;
  for (const TierSpec& tier : spec.tiers) names.push_back(tier.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::optional<std::string> close = nearest(name, names);
  std::string all;
  for (const std::string& tier : names) all += (all.empty() ? "`" : ", `") + tier + "`";
  sink.error("C0402", at, "there is no tier `" + name + "`", "no such tier",
             close         ? "the closest is `" + *close + "`"
             : all.empty() ? "declare it under `tiers:`"
                           : "the tiers are " + all);
}

void check_tier_names(const GatewayDraft& draft, DiagnosticSink& sink) {
  const GatewaySpec& spec = draft.spec;
  if (!spec.default_tier.empty())
    check_tier_name(spec, spec.default_tier, draft.default_tier_at, sink);
  for (const PolicySpec& policy : spec.policies) {
    if (policy.use && policy.use->tier)
      check_tier_name(spec, policy.use->tier->value, policy.use->tier->at, sink);
  }
  for (const OrganisationSpec& organisation : spec.organisations) {
    check_thresholds(spec, organisation.budgets, sink);
    for (const TeamSpec& team : organisation.teams) {
      check_thresholds(spec, team.budgets, sink);
      for (const KeySpec& key : team.keys) check_thresholds(spec, key.budgets, sink);
    }
  }
}

void check_policies(const GatewaySpec& spec, DiagnosticSink& sink) {
  const People people = people_of(spec);
  std::map<std::string, SourceSpan> seen;
  for (const PolicySpec& policy : spec.policies) {
    const auto [first, fresh] = seen.emplace(policy.name, policy.at);
    if (!fresh && !policy.name.empty()) {
      sink.add({Severity::error,
                "C0401",
                "two policies are called `" + policy.name + "`",
                {policy.at, "the second one"},
                {{first->second, "the first one"}},
                "receipts name policies: give this one its own name"});
    }
    check_one(spec, policy, people, sink);
  }
}

}  // namespace steelyard
