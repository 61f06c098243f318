#include "policies/evaluate.h"

#include <algorithm>

#include "policies/match.h"

namespace steelyard::policies {
namespace {

constexpr std::string_view tier_prefix = "tier:";

// False: a tier was named that does not exist.
bool look_up(const RuleSet& rules, const RequestFacts& facts, Asked& asked) {
  const std::string_view name = facts.requested_model;
  if (!facts.tier_header.empty()) {
    asked.header_tier = rules.find_tier(facts.tier_header);
    if (asked.header_tier < 0) return false;
  }
  if (name.empty() || name == "auto") {
    asked.automatic = true;
    return true;
  }
  asked.model = rules.find_model(name);
  if (asked.model >= 0) return true;
  if (name.starts_with(tier_prefix)) {
    asked.tier = rules.find_tier(name.substr(tier_prefix.size()));
    return asked.tier >= 0;
  }
  asked.unknown_model = true;
  return true;
}

// What the rules have said so far.
struct Decision {
  const Rule* decided = nullptr;  // the one that ended the list
  const Rule* last = nullptr;     // the last that matched
  bool override_model = false;
  std::int32_t tier = no_tier;
  ModelMask only = ModelMask::all(), never;
};

void apply(const Rule& rule, Decision& decision, Verdict& verdict) {
  decision.last = &rule;
  if (rule.deny) {
    verdict.outcome = Outcome::denied;
    verdict.deny_reason = rule.deny_reason;
    return;
  }
  if (decision.tier == no_tier) decision.tier = rule.tier;
  decision.override_model = decision.override_model || rule.override_model;
  decision.only &= rule.only;
  decision.never |= rule.never;
  verdict.escalate_on = static_cast<std::uint8_t>(verdict.escalate_on | rule.escalate_on);
  verdict.sticky = verdict.sticky || rule.sticky;
  if (rule.output_tokens_max > 0)
    verdict.output_tokens_max = verdict.output_tokens_max == 0
                                    ? rule.output_tokens_max
                                    : std::min(verdict.output_tokens_max, rule.output_tokens_max);
  for (const std::string& tag : rule.tags)
    if (verdict.tag_count < verdict_tags_max) verdict.tags[verdict.tag_count++] = tag;
}

// What the client named against what the rules say.
void settle(const RuleSet& rules, const Asked& asked, const Decision& decision, Verdict& verdict) {
  const std::int32_t by_rule = decision.tier != no_tier ? decision.tier : rules.default_tier();
  const std::int32_t named = asked.header_tier != no_tier ? asked.header_tier : asked.tier;
  verdict.allowed = decision.only;
  verdict.allowed.remove(decision.never);
  if (decision.override_model) {
    verdict.tier = by_rule;
  } else if (named != no_tier) {
    verdict.tier = named;
  } else if (asked.model != no_model) {
    verdict.model = asked.model;
    verdict.allowed = ModelMask::all().remove(decision.never);
  } else if (asked.unknown_model) {
    verdict.outcome = Outcome::unknown_model;
  } else {
    verdict.tier = by_rule;
  }
}

void trace_all(const RuleSet& rules, const RequestFacts& facts, const Asked& asked,
               const Rule* ended_by, Verdict& verdict) {
  const std::uint8_t flags = flags_of(facts);
  bool reached = true;
  for (const Rule& rule : rules.rules()) {
    RuleTrace line;
    line.rule = rule.name;
    line.reached = reached;
    if (reached) {
      const Miss miss = match(rule, facts, asked, flags);
      line.matched = miss == Miss::none;
      line.because = line.matched ? match_text(rule, rules) : miss_text(miss, rule, facts, rules);
    } else {
      line.because = std::string(ended_by->name) + " has decided";
    }
    verdict.trace.push_back(std::move(line));
    if (&rule == ended_by) reached = false;
  }
}

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::route: return "route";
    case Outcome::denied: return "denied";
    case Outcome::unknown_model: return "unknown_model";
    case Outcome::unknown_tier: return "unknown_tier";
  }
  return "unknown";
}

Verdict evaluate(const RuleSet& rules, const RequestFacts& facts, Trace trace) {
  Verdict verdict;
  Asked asked;
  if (!look_up(rules, facts, asked)) {
    verdict.outcome = Outcome::unknown_tier;
    return verdict;
  }
  verdict.asked_model = asked.model;
  const std::uint8_t flags = flags_of(facts);
  Decision decision;
  for (const std::uint16_t number : rules.rules_for(facts.team)) {
    const Rule& rule = rules.rules()[number];
    if (match(rule, facts, asked, flags) != Miss::none) continue;
    apply(rule, decision, verdict);
    if (rule.deny || !rule.then_continue) {
      decision.decided = &rule;
      break;
    }
  }
  const Rule* named = decision.decided != nullptr ? decision.decided : decision.last;
  if (named != nullptr) {
    verdict.policy = named->name;
    verdict.route = named->route;
  }
  if (verdict.outcome != Outcome::denied) settle(rules, asked, decision, verdict);
  if (trace == Trace::yes) trace_all(rules, facts, asked, decision.decided, verdict);
  return verdict;
}

}  // namespace steelyard::policies
