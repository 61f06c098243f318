#include "policies/compile.h"

#include <algorithm>

#include "policies/compiler.h"

namespace steelyard::policies {

Compiled compile(const GatewaySpec& spec) {
  return Compiler(spec).run();
}

Problem& Compiler::report(Severity severity, const char* code, SourceSpan at, std::string message,
                          std::string help) {
  Problem problem;
  problem.severity = severity;
  problem.code = code;
  problem.at = at;
  problem.message = std::move(message);
  problem.help = std::move(help);
  out_.problems.push_back(std::move(problem));
  return out_.problems.back();
}

Compiled Compiler::run() {
  collect_names();
  for (const PolicySpec& policy : spec_.policies) {
    if (out_.rules.rules_.size() == rules_max) {
      report(Severity::error, "P0305", policy.at,
             "more than " + std::to_string(rules_max) + " policies");
      break;
    }
    compile_rule(policy);
  }
  index_by_team();
  find_unreachable();
  return std::move(out_);
}

void Compiler::collect_names() {
  RuleSet& rules = out_.rules;
  if (spec_.models.size() > models_max)
    report(Severity::error, "P0305", spec_.models[models_max].at,
           "the catalogue has more than " + std::to_string(models_max) + " models");
  for (std::size_t i = 0; i < std::min(spec_.models.size(), models_max); ++i) {
    rules.models_.push_back(spec_.models[i].name);
    rules.model_numbers_.add(spec_.models[i].name, static_cast<std::int32_t>(i));
  }
  for (const TierSpec& tier : spec_.tiers) {
    if (rules.tiers_.size() == tiers_max) {
      report(Severity::error, "P0305", tier.at,
             "more than " + std::to_string(tiers_max) + " tiers");
      break;
    }
    if (!rules.tier_numbers_.add(tier.name, static_cast<std::int32_t>(rules.tiers_.size())))
      report(Severity::error, "P0306", tier.at, "two tiers are called `" + tier.name + "`");
    rules.tiers_.push_back(tier.name);
  }
  if (!spec_.default_tier.empty()) {
    rules.default_tier_ = rules.find_tier(spec_.default_tier);
    if (rules.default_tier_ < 0)
      report(Severity::error, "P0302", {},
             "default_tier: there is no tier `" + spec_.default_tier + "`");
  } else if (!rules.tiers_.empty()) {
    rules.default_tier_ = 0;
  }
  for (const OrganisationSpec& organisation : spec_.organisations) {
    organisations_.push_back(organisation.name);
    for (const TeamSpec& team : organisation.teams) {
      teams_.push_back(team.name);
      for (const KeySpec& key : team.keys) keys_.push_back(key.id);
    }
  }
}

void Compiler::compile_rule(const PolicySpec& policy) {
  Rule rule;
  rule.name = policy.name;
  rule.route = stable_hash(policy.name);
  rule.at = policy.at;
  rule.then_continue = policy.then_continue;
  for (const Rule& earlier : out_.rules.rules_) {
    if (earlier.name != policy.name) continue;
    Problem& problem = report(Severity::error, "P0306", policy.at,
                              "two policies are called `" + policy.name + "`");
    problem.note = "the first one";
    problem.note_at = earlier.at;
    break;
  }
  compile_who(policy.when, rule);
  compile_model(policy, rule);
  compile_flags(policy.when, rule);
  compile_ranges(policy, rule);
  compile_time(policy, rule);
  if (policy.deny.has_value() == policy.use.has_value())
    report(Severity::error, "P0300", policy.at,
           policy.deny ? "policy `" + policy.name + "` has both `use` and `deny`"
                       : "policy `" + policy.name + "` has neither `use` nor `deny`",
           "a policy does one of the two");
  if (policy.deny) {
    rule.deny = true;
    rule.deny_reason = *policy.deny;
    if (policy.then_continue)
      report(Severity::warning, "P0300", policy.at, "a denial ends the list; nothing can continue");
  }
  if (policy.use) compile_use(policy, rule);
  rule.allowed = ModelMask(rule.only).remove(rule.never);
  rule.not_never.remove(rule.never);
  out_.rules.rules_.push_back(std::move(rule));
}

void Compiler::compile_use(const PolicySpec& policy, Rule& rule) {
  const UseSpec& use = *policy.use;
  if (use.tier) {
    rule.tier = out_.rules.find_tier(use.tier->value);
    if (rule.tier < 0) {
      const std::string near = closest(use.tier->value, out_.rules.tiers_);
      report(Severity::error, "P0302", use.tier->at, "there is no tier `" + use.tier->value + "`",
             near.empty() ? "" : "the closest is `" + near + "`");
    }
  }
  if (!use.models.empty()) rule.only = expand(use.models);
  rule.never = expand(use.exclude);
  if (!use.models.empty() && !rule.only.empty() && ModelMask(rule.only).remove(rule.never).empty())
    report(Severity::error, "P0307", policy.at,
           "policy `" + policy.name + "` excludes every model it allows");
  if (use.output_tokens_max && *use.output_tokens_max <= 0)
    report(Severity::error, "P0300", policy.at, "output_tokens_max must be at least 1");
  if (use.tags.size() > verdict_tags_max)
    report(Severity::error, "P0305", policy.at,
           "more than " + std::to_string(verdict_tags_max) + " tags");
  rule.output_tokens_max = use.output_tokens_max.value_or(0);
  rule.escalate_on = use.escalate_on;
  rule.sticky = use.sticky;
  rule.reject_losses = use.reject_losses;
  rule.lower_output = use.lower_output;
  rule.override_model = use.override_model;
  rule.tags = use.tags;
}

void Compiler::report_model(const Located<std::string>& name) {
  const bool literal = Glob(name.value).literal();
  if (!literal) {
    report(Severity::warning, "P0301", name.at,
           "no model of the catalogue matches `" + name.value + "`");
    return;
  }
  const std::string near = closest(name.value, out_.rules.models_);
  report(Severity::error, "P0301", name.at, "model `" + name.value + "` is not in the catalogue",
         near.empty() ? "" : "the closest is `" + near + "`");
}

ModelMask Compiler::expand(const std::vector<Located<std::string>>& globs) {
  ModelMask all;
  for (const Located<std::string>& pattern : globs) {
    const Glob glob(pattern.value);
    ModelMask found;
    for (std::size_t i = 0; i < out_.rules.models_.size(); ++i)
      if (glob.matches(out_.rules.models_[i])) found.set(i);
    if (found.empty()) report_model(pattern);
    all |= found;
  }
  return all;
}

void Compiler::index_by_team() {
  RuleSet& rules = out_.rules;
  const auto literal = [](const Rule& rule) {
    return !rule.team.empty() && std::all_of(rule.team.globs.begin(), rule.team.globs.end(),
                                             [](const Glob& g) { return g.literal(); });
  };
  rules.by_team_.resize(1);
  for (std::size_t i = 0; i < rules.rules_.size(); ++i) {
    const Rule& rule = rules.rules_[i];
    if (!literal(rule)) {
      rules.by_team_[0].push_back(static_cast<std::uint16_t>(i));
      continue;
    }
    for (const Glob& team : rule.team.globs)
      if (rules.team_numbers_.add(team.pattern(), static_cast<std::int32_t>(rules.by_team_.size())))
        rules.by_team_.emplace_back();
  }
  for (const Rule& named : rules.rules_) {
    if (!literal(named)) continue;
    for (const Glob& team : named.team.globs) {
      auto& list =
          rules.by_team_[static_cast<std::size_t>(rules.team_numbers_.find(team.pattern()))];
      if (!list.empty()) continue;
      for (std::size_t i = 0; i < rules.rules_.size(); ++i)
        if (rules.rules_[i].team.empty() || rules.rules_[i].team.matches(team.pattern()))
          list.push_back(static_cast<std::uint16_t>(i));
    }
  }
}

}  // namespace steelyard::policies
