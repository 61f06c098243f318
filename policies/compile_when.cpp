// The conditions of a rule, except its hours.
#include <algorithm>
#include <string>

#include "policies/compiler.h"

namespace steelyard::policies {

GlobList Compiler::globs_of(const std::vector<Located<std::string>>& patterns, const char* what,
                            const std::vector<std::string>& known) {
  GlobList list;
  for (const Located<std::string>& pattern : patterns) {
    list.globs.emplace_back(pattern.value);
    const Glob& glob = list.globs.back();
    const bool someone = std::any_of(known.begin(), known.end(),
                                     [&](const std::string& name) { return glob.matches(name); });
    if (known.empty() || someone) continue;
    const std::string near = glob.literal() ? closest(pattern.value, known) : "";
    report(Severity::warning, "P0304", pattern.at,
           std::string("no ") + what + " is called `" + pattern.value + "`",
           near.empty() ? "" : "the closest is `" + near + "`");
  }
  return list;
}

void Compiler::compile_who(const WhenSpec& when, Rule& rule) {
  rule.organisation = globs_of(when.organisation, "organisation", organisations_);
  rule.team = globs_of(when.team, "team", teams_);
  rule.key = globs_of(when.key, "key", keys_);
  rule.client = globs_of(when.client, "client", {});
  rule.client_version = globs_of(when.client_version, "client version", {});
  rule.request_class = globs_of(when.request_class, "request class", {});
  rule.agent = globs_of(when.agent, "agent", {});
  rule.tag = globs_of(when.tag, "tag", {});
}

void Compiler::compile_model(const PolicySpec& policy, Rule& rule) {
  ModelCondition& condition = rule.model;
  condition.given = !policy.when.model.empty();
  // Names the catalogue does not have are worth matching only to refuse or to re-route them.
  const bool names_may_be_unknown = policy.deny || (policy.use && policy.use->override_model);
  for (const Located<std::string>& pattern : policy.when.model) {
    condition.globs.globs.emplace_back(pattern.value);
    const Glob& glob = condition.globs.globs.back();
    bool found = false;
    const auto see = [&](const std::string& name) {
      const bool yes = glob.matches(name);
      found = found || yes;
      return yes;
    };
    if (see("auto")) condition.automatic = true;
    for (std::size_t i = 0; i < out_.rules.tiers_.size(); ++i)
      if (see("tier:" + out_.rules.tiers_[i])) condition.tiers |= 1u << i;
    for (std::size_t i = 0; i < out_.rules.models_.size(); ++i)
      if (see(out_.rules.models_[i])) condition.models.set(i);
    if (!found && !names_may_be_unknown) report_model(pattern);
  }
}

void Compiler::compile_flags(const WhenSpec& when, Rule& rule) {
  const auto require = [&](const std::optional<bool>& wanted, Flag flag) {
    if (!wanted) return;
    rule.flags_mask = static_cast<std::uint8_t>(rule.flags_mask | flag);
    if (*wanted) rule.flags_value = static_cast<std::uint8_t>(rule.flags_value | flag);
  };
  require(when.tools, flag_tools);
  require(when.images, flag_images);
  require(when.stream, flag_stream);
  require(when.structured_output, flag_structured);
  require(when.reasoning, flag_reasoning);
  require(when.tool_loop, flag_tool_loop);
  require(when.signed_blocks, flag_signed);
  require(when.warm, flag_warm);
}

Bounds Compiler::bounds_of(const TokenRange& range, const char* what, const PolicySpec& policy) {
  Bounds bounds;
  if (range.at_least) bounds.from = *range.at_least;
  if (range.below && *range.below <= INT64_MIN + 1) return {1, 0};
  if (range.below) bounds.to = *range.below - 1;
  if (bounds.from > bounds.to || bounds.to < 0)
    report(Severity::error, "P0412", policy.at,
           "policy `" + policy.name + "` can never match: no number of " + what +
               " is within its range");
  return bounds;
}

void Compiler::compile_ranges(const PolicySpec& policy, Rule& rule) {
  const WhenSpec& when = policy.when;
  if (when.input_tokens) rule.input_tokens = bounds_of(*when.input_tokens, "input tokens", policy);
  if (when.output_tokens)
    rule.output_tokens = bounds_of(*when.output_tokens, "output tokens", policy);
  if (when.turns) rule.turns = bounds_of(*when.turns, "turns", policy);
  if (when.user_turns) rule.user_turns = bounds_of(*when.user_turns, "user turns", policy);
}

}  // namespace steelyard::policies
