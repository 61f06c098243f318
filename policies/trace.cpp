// Sentences for the trace. Only made when asked for.
#include "policies/match.h"

namespace steelyard::policies {
namespace {

void append_two_digits(std::string& out, std::int32_t value) {
  out += static_cast<char>('0' + value / 10 % 10);
  out += static_cast<char>('0' + value % 10);
}

std::string clock(std::int32_t minute) {
  std::string out;
  append_two_digits(out, minute / 60);
  out += ':';
  append_two_digits(out, minute % 60);
  return out;
}

std::string list_text(const GlobList& list) {
  std::string out;
  for (const Glob& glob : list.globs) {
    if (!out.empty()) out += ", ";
    out += glob.pattern();
  }
  return out;
}

std::string not_one_of(const char* what, std::string_view value, const GlobList& list) {
  std::string out = what;
  if (value.empty())
    out += " is unknown";
  else
    out.append(" ").append(value).append(" is");
  return out + (value.empty() ? ", wanted " : " not ") + list_text(list);
}

std::string bounds_text(const char* what, std::int64_t value, const Bounds& bounds) {
  const std::string figure = std::string(what) + " " + std::to_string(value);
  if (value < bounds.from) return figure + " < " + std::to_string(bounds.from);
  return figure + " ≥ " + std::to_string(bounds.to + 1);
}

std::string flags_text(const Rule& rule, const RequestFacts& facts) {
  constexpr const char* names[] = {
      "tools",     "images",        "stream",        "structured output",
      "reasoning", "a tool result", "signed blocks", "warm cache"};
  const unsigned wrong = (flags_of(facts) ^ rule.flags_value) & rule.flags_mask;
  for (unsigned bit = 0; bit < 8; ++bit)
    if ((wrong >> bit & 1u) != 0)
      return std::string((rule.flags_value >> bit & 1u) != 0 ? "no " : "has ") + names[bit];
  return "flags differ";
}

std::string time_text(const Rule& rule, const RequestFacts& facts, const RuleSet& rules) {
  constexpr const char* days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const LocalTime local = local_time(facts, rule.time.zone);
  const std::string now = std::string(days[local.weekday]) + " " + clock(local.minute);
  if ((rule.time.weekdays >> local.weekday & 1) == 0) return now + " is not one of its weekdays";
  return now + " is outside " + clock(rule.time.minute_from) + "-" + clock(rule.time.minute_to) +
         " " + rules.zones()[rule.time.zone];
}

void append_clause(std::string& out, const std::string& clause) {
  if (!out.empty()) out += ", ";
  out += clause;
}

}  // namespace

std::string miss_text(Miss miss, const Rule& rule, const RequestFacts& facts,
                      const RuleSet& rules) {
  switch (miss) {
    case Miss::none: return {};
    case Miss::flags: return flags_text(rule, facts);
    case Miss::input_tokens:
      return bounds_text("input tokens", facts.input_tokens, rule.input_tokens);
    case Miss::output_tokens:
      return bounds_text("output tokens", facts.output_tokens_max, rule.output_tokens);
    case Miss::turns: return bounds_text("turns", facts.turns, rule.turns);
    case Miss::user_turns: return bounds_text("user turns", facts.user_turns, rule.user_turns);
    case Miss::model: return not_one_of("model", facts.requested_model, rule.model.globs);
    case Miss::time: return time_text(rule, facts, rules);
    case Miss::organisation:
      return not_one_of("organisation", facts.organisation, rule.organisation);
    case Miss::team: return not_one_of("team", facts.team, rule.team);
    case Miss::key: return not_one_of("key", facts.key, rule.key);
    case Miss::client: return not_one_of("client", facts.client, rule.client);
    case Miss::client_version:
      return not_one_of("client version", facts.client_version, rule.client_version);
    case Miss::request_class:
      return not_one_of("request class", facts.request_class, rule.request_class);
    case Miss::agent: return not_one_of("agent", facts.agent, rule.agent);
    case Miss::tag: return "no tag is " + list_text(rule.tag);
  }
  return {};
}

std::string match_text(const Rule& rule, const RuleSet& rules) {
  if (rule.deny) return "denied: " + rule.deny_reason;
  std::string out;
  if (rule.tier != no_tier)
    append_clause(out, "tier " + rules.tiers()[static_cast<std::size_t>(rule.tier)]);
  if (rule.only != ModelMask::all())
    append_clause(out, "only " + std::to_string(rule.only.count()) + " models");
  if (!rule.never.empty())
    append_clause(out, "without " + std::to_string(rule.never.count()) + " models");
  if (rule.output_tokens_max > 0)
    append_clause(out, "at most " + std::to_string(rule.output_tokens_max) + " tokens out");
  if (rule.override_model) append_clause(out, "re-routes named models");
  if (rule.sticky) append_clause(out, "sticky session");
  if (rule.reject_losses) append_clause(out, "refuses losses in translation");
  if (rule.lower_output) append_clause(out, "lowers the output to what a budget has");
  if (rule.escalate_on != 0) append_clause(out, "may escalate");
  if (rule.then_continue) append_clause(out, "later rules may add");
  return out.empty() ? "nothing changed" : out;
}

}  // namespace steelyard::policies
