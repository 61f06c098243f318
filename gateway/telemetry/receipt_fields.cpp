#include "gateway/telemetry/receipt_fields.h"

#include "gateway/telemetry/json_put.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/telemetry/timestamp.h"

namespace steelyard::telemetry {
namespace {

constexpr std::size_t kSession = 96, kTags = 128, kError = 240;

char* instant_or_null(char* p, Timestamps& times, Instant at) {
  return at.ns == 0 ? put(p, "null") : times.put_nanoseconds(p, at);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "a,b" → ["a","b"]: at most kTags bytes for all, quotes and commas included; the tags that do not
// fit are left out.
char* tags(char* p, std::string_view list) {
  char* const end = p + kTags;
  *p++ = '[';
  bool first = true;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view tag = trimmed(list.substr(0, comma));
    list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
    if (tag.empty()) continue;
    if (end - p < 8) break;  // comma, two quotes, bracket and at least one character
    if (!first) *p++ = ',';
    first = false;
    *p++ = '"';
    p = put_text(p, tag, static_cast<std::size_t>(end - p - 2));
    *p++ = '"';
  }
  *p++ = ']';
  return p;
}

char* who_and_when(char* p, const Receipt& r, Timestamps& times) {
  p = put(p, "{\"schema_version\":", receipt_schema_version);
  p = put(p, ",\"request_id\":\"req_");
  p = put_hex(p, r.id.hi);
  p = put_hex(p, r.id.lo);
  p = put(p, "\",\"trace_id\":");
  if ((r.trace_hi | r.trace_lo) == 0) {
    p = put(p, "null");
  } else {
    p = put(p, "\"");
    p = put_hex(p, r.trace_hi);
    p = put_hex(p, r.trace_lo);
    p = put(p, "\"");
  }
  p = put(p, ",\"session_id\":", r.facts.session, kSession);
  p = put(p, ",\"task_id\":", r.facts.task, kSession);
  p = put(p, ",\"startTime\":");
  p = instant_or_null(p, times, r.start);
  p = put(p, ",\"endTime\":");
  p = instant_or_null(p, times, r.end);
  p = put(p, ",\"completionStartTime\":");
  p = instant_or_null(p, times, r.completion_start);
  p = put(p, ",\"request_duration_ms\":", r.durations.total / 1'000'000);
  p = put(p, ",\"organization_id\":", r.facts.organisation, name_text_max);
  p = put(p, ",\"team_id\":", r.facts.team, name_text_max);
  p = put(p, ",\"user_api_key_alias\":", r.facts.key, name_text_max);
  p = put(p, ",\"request_tags\":");
  p = tags(p, r.facts.tags);
  return p;
}

char* outcome(char* p, const Receipt& r) {
  p = put(p, ",\"call_type\":\"");
  p = put_word(p, name_of(r.call));
  p = put(p, "\",\"client_dialect\":\"");
  p = put_word(p, name_of(r.client_dialect));
  p = put(p, "\",\"upstream_dialect\":\"");
  p = put_word(p, name_of(r.upstream_dialect));
  p = put_flag(p, "\",\"stream\":", r.facts.stream);
  p = put(p, ",\"status\":");
  r.failed ? p = put(p, "\"failure\"") : p = put(p, "\"success\"");
  p = put(p, ",\"http_status\":", r.http_status);
  p = put(p, ",\"error_class\":");
  if (r.failed) {
    p = put(p, "\"");
    p = put_word(p, steelyard::name_of(r.error));
    p = put(p, "\",\"error_str\":", r.error_text, kError);
  } else {
    p = put(p, "null,\"error_str\":null");
  }
  p = put(p, ",\"client_abort\":\"");
  p = put_word(p, name_of(r.client_abort));
  p = put(p, "\",\"finish_reason\":", r.finish_reason, 40);
  p = put(p, ",\"model\":", r.model, model_text_max);
  p = put(p, ",\"model_group\":", r.facts.requested_model, model_text_max);
  p = put(p, ",\"custom_llm_provider\":", r.provider, name_text_max);
  return p;
}

char* decision(char* p, const Receipt& r) {
  p = put(p, ",\"policy\":", r.policy, name_text_max);
  p = put(p, ",\"tier\":", r.tier, name_text_max);
  p = put(p, ",\"facts\":{\"client\":", r.facts.client, 64);
  p = put(p, ",\"tier_header\":", r.facts.tier_header, 64);
  p = put(p, ",\"output_tokens_max\":", r.facts.output_tokens_max);
  p = put(p, ",\"turns\":", r.facts.turns);
  p = put(p, ",\"choices\":", r.facts.choices);
  p = put_flag(p, ",\"tools\":", r.facts.tools);
  p = put_flag(p, ",\"images\":", r.facts.images);
  p = put_flag(p, ",\"structured_output\":", r.facts.structured_output);
  p = put_flag(p, ",\"reasoning\":", r.facts.reasoning);
  p = put_flag(p, ",\"tool_loop\":", r.facts.tool_loop);
  p = put(p, "},\"estimate\":{\"input_tokens\":", r.estimate.input_tokens);
  p = put(p, ",\"input_tokens_upper\":", r.estimate.input_tokens_upper);
  p = put(p, ",\"output_tokens_expected\":", r.estimate.output_tokens_expected);
  p = put(p, ",\"output_tokens_max\":", r.estimate.output_tokens_max);
  p = put(p, ",\"quality\":", r.estimate.quality, 16);
  p = put(p, "},");
  return p;
}

char* money(char* p, const Receipt& r) {
  p = put_usage(p, r.usage);
  p = put(p, ",\"total_tokens\":", r.usage.prompt + r.usage.completion);
  p = put(p, ",\"usage_source\":\"");
  p = put_word(p, name_of(r.usage_source));
  p = put(p, "\",\"spend_nano_usd\":", r.spend.v);
  p = put(p, ",\"held_nano_usd\":", r.held.v);
  p = put(p, ",\"overrun_nano_usd\":", r.overrun.v);
  p = put(p, ",\"counterfactual_model\":", r.counterfactual_model, model_text_max);
  p = put(p, ",\"counterfactual_nano_usd\":");
  r.counterfactual_model.empty() ? p = put(p, "null") : p = put_number(p, r.counterfactual.v);
  p = put(p, ",\"saved_nano_usd\":");
  r.counterfactual_model.empty() ? p = put(p, "0") : p = put_number(p, r.saved.v);
  p = put(p, ",\"price_source\":", r.price_source, name_text_max);
  p = put(p, ",\"price_version\":", r.price_version, 64);
  p = put(p, ",\"config_hash\":", r.config_digest, 64);
  return p;
}

char* durations(char* p, const Receipt& r) {
  const ReceiptDurations& d = r.durations;
  p = put(p, ",\"durations_ns\":{\"auth\":", d.auth);
  p = put(p, ",\"parse\":", d.parse);
  p = put(p, ",\"count\":", d.count);
  p = put(p, ",\"decide\":", d.decide);
  p = put(p, ",\"reserve\":", d.reserve);
  p = put(p, ",\"ttft\":", d.ttft);
  p = put(p, ",\"total\":", d.total);
  p = put(p, ",\"overhead\":", d.overhead);
  p = put(p, "},\"retries\":", r.retries);
  p = put_flag(p, ",\"escalated\":", r.escalated);
  return p;
}

}  // namespace

char* put_usage(char* p, const TokenUsage& u) {
  p = put(p, "\"prompt_tokens\":", u.prompt);
  p = put(p, ",\"completion_tokens\":", u.completion);
  p = put(p, ",\"cache_read_input_tokens\":", u.cached);
  p = put(p, ",\"cache_creation_input_tokens\":", u.cache_write);
  p = put(p, ",\"reasoning_tokens\":", u.reasoning);
  return p;
}

char* put_receipt_fields(char* p, const Receipt& receipt, Timestamps& times) {
  p = who_and_when(p, receipt, times);
  p = outcome(p, receipt);
  p = decision(p, receipt);
  p = money(p, receipt);
  return durations(p, receipt);
}

}  // namespace steelyard::telemetry
