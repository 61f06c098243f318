#include "policies/evaluate.h"

#include <algorithm>
#include <optional>

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
  // Masks of the one rule, as is usual, or of `joined`.
  const ModelMask* allowed = nullptr;  // null: nothing was said
  const ModelMask* not_never = nullptr;
  struct Joined {
    ModelMask allowed, not_never;
  };
  std::optional<Joined> joined;

  void join(const Rule& rule) {
    if (!joined) joined = {*allowed, *not_never};
    joined->allowed &= rule.allowed;
    joined->not_never &= rule.not_never;
    allowed = &joined->allowed;
    not_never = &joined->not_never;
  }
};

void apply(const Rule& rule, Decision& decision, Verdict& verdict) {
  const bool first = decision.last == nullptr;
  decision.last = &rule;
  if (rule.deny) {
    verdict.outcome = Outcome::denied;
    verdict.deny_reason = rule.deny_reason;
    return;
  }
  if (decision.tier == no_tier) decision.tier = rule.tier;
  decision.override_model = decision.override_model || rule.override_model;
  if (first) {
    decision.allowed = &rule.allowed;
    decision.not_never = &rule.not_never;
  } else {
    decision.join(rule);
  }
  verdict.escalate_on = static_cast<std::uint8_t>(verdict.escalate_on | rule.escalate_on);
  verdict.sticky = verdict.sticky || rule.sticky;
  verdict.reject_losses = verdict.reject_losses || rule.reject_losses;
  verdict.lower_output = verdict.lower_output || rule.lower_output;
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
  const bool as_asked = !decision.override_model && named == no_tier && asked.model != no_model;
  if (const ModelMask* mask = as_asked ? decision.not_never : decision.allowed)
    verdict.allowed = *mask;
  if (decision.override_model) {
    verdict.tier = by_rule;
  } else if (named != no_tier) {
    verdict.tier = named;
  } else if (asked.model != no_model) {
    verdict.model = asked.model;
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

namespace {

// `matches(rule)`: does it hold? Of `numbers` only.
template <class Matches>
void decide(const RuleSet& rules, std::span<const std::uint16_t> numbers, const Asked& asked,
            const Matches& matches, Decision& decision, Verdict& verdict) {
  verdict.asked_model = asked.model;
  for (const std::uint16_t number : numbers) {
    const Rule& rule = rules.rules()[number];
    if (!matches(rule)) continue;
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
}

}  // namespace

Verdict evaluate(const RuleSet& rules, const RequestFacts& facts, Trace trace) {
  Verdict verdict;
  Asked asked;
  if (!look_up(rules, facts, asked)) {
    verdict.outcome = Outcome::unknown_tier;
    return verdict;
  }
  const std::uint8_t flags = flags_of(facts);
  const auto matches = [&](const Rule& rule) {
    return match(rule, facts, asked, flags) == Miss::none;
  };
  Decision decision;
  decide(rules, rules.rules_for(facts.team), asked, matches, decision, verdict);
  if (trace == Trace::yes) trace_all(rules, facts, asked, decision.decided, verdict);
  return verdict;
}

void evaluate(const RuleSet& rules, const KeyRules& key, const RequestFacts& facts, Trace trace,
              Verdict& verdict) {
  verdict.reset();
  Asked asked;
  if (!look_up(rules, facts, asked)) {
    verdict.outcome = Outcome::unknown_tier;
    return;
  }
  const std::uint8_t flags = flags_of(facts);
  const auto matches = [&](const Rule& rule) { return matches_but_key(rule, facts, asked, flags); };
  Decision decision;
  decide(rules, key.numbers, asked, matches, decision, verdict);
  if (trace == Trace::yes) trace_all(rules, facts, asked, decision.decided, verdict);
}

}  // namespace steelyard::policies
