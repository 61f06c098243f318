#include "policies/match.h"

namespace steelyard::policies {
namespace {

constexpr std::int64_t day_seconds = 86'400;

bool time_holds(const TimeCondition& condition, const RequestFacts& facts) {
  const LocalTime local = local_time(facts, condition.zone);
  if ((condition.weekdays >> local.weekday & 1) == 0) return false;
  if (condition.minute_from < condition.minute_to)
    return local.minute >= condition.minute_from && local.minute < condition.minute_to;
  return local.minute >= condition.minute_from || local.minute < condition.minute_to;
}

bool model_holds(const ModelCondition& condition, const RequestFacts& facts, const Asked& asked) {
  if (asked.model != no_model) return condition.models.test(static_cast<std::size_t>(asked.model));
  if (asked.automatic) return condition.automatic;
  if (asked.tier != no_tier) return (condition.tiers >> asked.tier & 1u) != 0;
  return condition.globs.matches(facts.requested_model);
}

bool tag_holds(const GlobList& list, std::string_view tags) {
  while (!tags.empty()) {
    const std::size_t comma = tags.find(',');
    std::string_view tag = tags.substr(0, comma);
    while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
    while (!tag.empty() && tag.back() == ' ') tag.remove_suffix(1);
    if (!tag.empty() && list.matches(tag)) return true;
    if (comma == std::string_view::npos) break;
    tags.remove_prefix(comma + 1);
  }
  return false;
}

bool holds(const GlobList& list, std::string_view text) {
  return list.empty() || list.matches(text);
}

}  // namespace

std::uint8_t flags_of(const RequestFacts& facts) {
  return static_cast<std::uint8_t>(
      (facts.tools ? flag_tools : 0) | (facts.images ? flag_images : 0) |
      (facts.stream ? flag_stream : 0) | (facts.structured_output ? flag_structured : 0) |
      (facts.reasoning ? flag_reasoning : 0) | (facts.tool_loop ? flag_tool_loop : 0) |
      (facts.signed_blocks ? flag_signed : 0) | (facts.warm_tokens > 0 ? flag_warm : 0));
}

LocalTime local_time(const RequestFacts& facts, std::uint16_t zone) {
  const std::int64_t offset = zone < facts.zone_offsets.size() ? facts.zone_offsets[zone] : 0;
  const std::int64_t seconds = facts.now.seconds() + offset;
  std::int64_t day = seconds / day_seconds;
  std::int64_t second = seconds % day_seconds;
  if (second < 0) {
    second += day_seconds;
    --day;
  }
  const std::int64_t weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  return {static_cast<std::int32_t>(second / 60), static_cast<std::int32_t>(weekday)};
}

namespace {

// Cheap conditions first: most rules fall at a flag or a number.
Miss match_size(const Rule& rule, const RequestFacts& facts, const Asked& asked,
                std::uint8_t flags) {
  if ((flags & rule.flags_mask) != rule.flags_value) return Miss::flags;
  if (!rule.input_tokens.holds(facts.input_tokens)) return Miss::input_tokens;
  if (!rule.output_tokens.holds(facts.output_tokens_max)) return Miss::output_tokens;
  if (!rule.turns.holds(facts.turns)) return Miss::turns;
  if (!rule.user_turns.holds(facts.user_turns)) return Miss::user_turns;
  if (rule.model.given && !model_holds(rule.model, facts, asked)) return Miss::model;
  return Miss::none;
}

Miss match_rest(const Rule& rule, const RequestFacts& facts) {
  if (!holds(rule.client, facts.client)) return Miss::client;
  if (!holds(rule.client_version, facts.client_version)) return Miss::client_version;
  if (!holds(rule.request_class, facts.request_class)) return Miss::request_class;
  if (!holds(rule.agent, facts.agent)) return Miss::agent;
  if (!rule.tag.empty() && !tag_holds(rule.tag, facts.tags)) return Miss::tag;
  if (rule.time.given && !time_holds(rule.time, facts)) return Miss::time;
  return Miss::none;
}

}  // namespace

Miss match_key(const Rule& rule, const RequestFacts& facts) {
  if (!holds(rule.team, facts.team)) return Miss::team;
  if (!holds(rule.organisation, facts.organisation)) return Miss::organisation;
  if (!holds(rule.key, facts.key)) return Miss::key;
  return Miss::none;
}

Miss match(const Rule& rule, const RequestFacts& facts, const Asked& asked, std::uint8_t flags) {
  if (const Miss miss = match_size(rule, facts, asked, flags); miss != Miss::none) return miss;
  if (const Miss miss = match_key(rule, facts); miss != Miss::none) return miss;
  return match_rest(rule, facts);
}

bool matches_but_key(const Rule& rule, const RequestFacts& facts, const Asked& asked,
                     std::uint8_t flags) {
  return match_size(rule, facts, asked, flags) == Miss::none &&
         match_rest(rule, facts) == Miss::none;
}

}  // namespace steelyard::policies
