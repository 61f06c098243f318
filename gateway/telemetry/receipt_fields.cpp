#include "gateway/telemetry/receipt_fields.h"

#include "config/types/losses.h"
#include "gateway/telemetry/json_put.h"
#include "gateway/telemetry/receipt.h"

namespace steelyard::telemetry {
namespace {

constexpr std::size_t kSession = 96, kTags = 128, kError = 240;

template <std::size_t N>
char* put_instant(char* p, const char (&key)[N], Timestamps& times, Instant at) {
  return at.ns != 0 && printable(at) ? times.put_nanoseconds(put(p, key), at) : p;
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

FragmentKey key_of(const Receipt& r, std::string_view a, std::string_view b,
                   std::string_view c = {}) {
  return {r.generation,
          {FragmentKey::word(a.data()), FragmentKey::word(b.data()), FragmentKey::word(c.data())}};
}

char* when(char* p, const Receipt& r, Timestamps& times) {
  p = put(p, "{\"schema_version\":", receipt_schema_version);
  p = put(p, ",\"request_id\":\"req_");
  p = put_hex(p, r.id.hi);
  p = put_hex(p, r.id.lo);
  if ((r.trace_hi | r.trace_lo) != 0) {
    p = put(p, "\",\"trace_id\":\"");
    p = put_hex(p, r.trace_hi);
    p = put_hex(p, r.trace_lo);
  }
  p = put(p, "\"");
  p = put_some(p, ",\"session_id\":", r.facts.session, kSession);
  p = put_some(p, ",\"task_id\":", r.facts.task, kSession);
  p = put_instant(p, ",\"startTime\":", times, r.start);
  p = put_instant(p, ",\"endTime\":", times, r.end);
  p = put_instant(p, ",\"completionStartTime\":", times, r.completion_start);
  return put(p, ",\"request_duration_ms\":", r.durations.total / 1'000'000);
}

char* who(char* p, const Receipt& r, ReceiptPieces& pieces) {
  const policies::RequestFacts& f = r.facts;
  const FragmentKey key = key_of(r, f.organisation, f.team, f.key);
  p = pieces.who.put(p, key, [&f](char* q) {
    q = put_some(q, ",\"organization_id\":", f.organisation, name_text_max);
    q = put_some(q, ",\"team_id\":", f.team, name_text_max);
    return put_some(q, ",\"user_api_key_alias\":", f.key, name_text_max);
  });
  return f.tags.empty() ? p : tags(put(p, ",\"request_tags\":"), f.tags);
}

// From the kind of call to what came before the finish reason.
char* how_it_ended(char* p, const Receipt& r) {
  p = put(p, ",\"call_type\":\"");
  p = put_word(p, name_of(r.call));
  p = put(p, "\",\"client_dialect\":\"");
  p = put_word(p, name_of(r.client_dialect));
  p = put(p, "\",\"upstream_dialect\":\"");
  p = put_word(p, name_of(r.upstream_dialect));
  p = put(p, "\"");
  p = put_when(p, r.facts.stream, ",\"stream\":true");
  p = r.failed ? put(p, ",\"status\":\"failure\"") : put(p, ",\"status\":\"success\"");
  p = put(p, ",\"http_status\":", r.http_status);
  if (r.failed) {
    p = put(p, ",\"error_class\":\"");
    p = put_word(p, steelyard::name_of(r.error));
    p = put(p, "\"");
    p = put_some(p, ",\"error_str\":", r.error_text, kError);
  }
  if (r.client_abort == ClientAbort::none) return p;
  p = put(p, ",\"client_abort\":\"");
  p = put_word(p, name_of(r.client_abort));
  return put(p, "\"");
}

char* outcome(char* p, const Receipt& r, ReceiptPieces& pieces) {
  if (r.failed) {
    p = how_it_ended(p, r);
  } else {
    const std::uint64_t enums = static_cast<std::uint64_t>(r.call) |
                                static_cast<std::uint64_t>(r.client_dialect) << 8 |
                                static_cast<std::uint64_t>(r.upstream_dialect) << 16 |
                                static_cast<std::uint64_t>(r.client_abort) << 24 |
                                static_cast<std::uint64_t>(r.facts.stream) << 32;
    const FragmentKey key{r.generation, {enums, r.http_status, 0}};
    p = pieces.outcome.put(p, key, [&r](char* q) { return how_it_ended(q, r); });
  }
  return put_some(p, ",\"finish_reason\":", r.finish_reason, 40);
}

char* answered(char* p, const Receipt& r, ReceiptPieces& pieces) {
  p = put_some(p, ",\"model_group\":", r.facts.requested_model, model_text_max);
  return pieces.answered.put(p, key_of(r, r.model, r.provider), [&r](char* q) {
    q = put_some(q, ",\"model\":", r.model, model_text_max);
    return put_some(q, ",\"custom_llm_provider\":", r.provider, name_text_max);
  });
}

// What clients say of themselves, and what is known of the conversation.
char* client_facts(char* p, const policies::RequestFacts& f) {
  p = put_some(p, ",\"client\":", f.client, 64);
  p = put_some(p, ",\"client_version\":", f.client_version, 32);
  p = put_some(p, ",\"request_class\":", f.request_class, 64);
  p = put_some(p, ",\"agent\":", f.agent, 64);
  p = put_some(p, ",\"tier_header\":", f.tier_header, 64);
  p = put_some(p, ",\"warm_tokens\":", f.warm_tokens);
  return put_when(p, f.signed_blocks, ",\"signed_blocks\":true");
}

char* facts(char* p, const Receipt& r, ReceiptPieces& pieces) {
  p = pieces.decided.put(p, key_of(r, r.policy, r.tier), [&r](char* q) {
    q = put_some(q, ",\"policy\":", r.policy, name_text_max);
    q = put_some(q, ",\"tier\":", r.tier, name_text_max);
    return put(q, ",\"facts\":{\"output_tokens_max\":");
  });
  const policies::RequestFacts& f = r.facts;
  p = put_number(p, f.output_tokens_max);
  p = put(p, ",\"turns\":", f.turns);
  p = put(p, ",\"user_turns\":", f.user_turns);
  p = put(p, ",\"choices\":", f.choices);
  if (f.tools || f.images || f.structured_output || f.reasoning || f.tool_loop) {
    p = put_when(p, f.tools, ",\"tools\":true");
    p = put_when(p, f.images, ",\"images\":true");
    p = put_when(p, f.structured_output, ",\"structured_output\":true");
    p = put_when(p, f.reasoning, ",\"reasoning\":true");
    p = put_when(p, f.tool_loop, ",\"tool_loop\":true");
  }
  return put(client_facts(p, f), "}");
}

char* estimate(char* p, const ReceiptEstimate& e) {
  p = put(p, ",\"estimate\":{\"input_tokens\":", e.input_tokens);
  p = put(p, ",\"input_tokens_upper\":", e.input_tokens_upper);
  p = put(p, ",\"input_tokens_error\":", e.input_tokens_error);
  p = put(p, ",\"output_tokens_expected\":", e.output_tokens_expected);
  p = put(p, ",\"output_tokens_max\":", e.output_tokens_max);
  p = put_some(p, ",\"quality\":", e.quality, 16);
  return put(p, "},");
}

char* money(char* p, const Receipt& r, ReceiptPieces& pieces, PrintedFigures& figures) {
  const auto since = [&p](const char* from) { return static_cast<std::uint32_t>(p - from); };
  figures.usage = p;
  p = put_usage(p, r.usage);
  figures.usage_size = since(figures.usage);
  p = put(p, ",\"total_tokens\":", r.usage.prompt + r.usage.completion);
  p = put_usage_source(p, r.usage_source);
  p = put(p, ",\"spend_nano_usd\":");
  figures.spend = p;
  p = put_number(p, r.spend.v);
  figures.spend_size = since(figures.spend);
  p = put(p, ",\"held_nano_usd\":");
  figures.held = p;
  p = put_number(p, r.held.v);
  figures.held_size = since(figures.held);
  p = put_some(p, ",\"overrun_nano_usd\":", r.overrun.v);
  if (!r.counterfactual_model.empty()) {
    p = put(p, ",\"counterfactual_model\":", r.counterfactual_model, model_text_max);
    p = put(p, ",\"counterfactual_nano_usd\":", r.counterfactual.v);
    p = put(p, ",\"saved_nano_usd\":", r.saved.v);
  }
  const FragmentKey key = key_of(r, r.price_source, r.price_version, r.config_digest);
  return pieces.config.put(p, key, [&r](char* q) {
    q = put_some(q, ",\"price_source\":", r.price_source, name_text_max);
    q = put_some(q, ",\"price_version\":", r.price_version, 64);
    q = put_some(q, ",\"config_hash\":", r.config_digest, 64);
    return put(q, ",\"durations_ns\":{\"auth\":");
  });
}

// What a translation lost. Names that do not fit are left out: the metrics have them all.
char* dropped_fields(char* p, std::uint64_t bits) {
  std::string names;
  Dropped(bits).append_names(names);
  return tags(put(p, ",\"dropped_fields\":"), names);
}

char* durations(char* p, const Receipt& r) {
  const ReceiptDurations& d = r.durations;
  p = put_number(p, d.auth);
  p = put(p, ",\"parse\":", d.parse);
  p = put(p, ",\"count\":", d.count);
  p = put(p, ",\"decide\":", d.decide);
  p = put_some(p, ",\"reserve\":", d.reserve);
  p = put(p, ",\"ttft\":", d.ttft);
  p = put(p, ",\"total\":", d.total);
  p = put(p, ",\"overhead\":", d.overhead);
  if (d.count_early != 0) p = put(p, ",\"count_early\":", d.count_early);
  p = put_some(put(p, "}"), ",\"retries\":", r.retries);
  p = put_when(p, r.escalated, ",\"escalated\":true");
  if (r.dropped != 0) p = dropped_fields(p, r.dropped);
  if (r.extended.v == 0 && !r.cut_by_budget) return p;
  p = put(p, ",\"extended_nano_usd\":", r.extended.v);
  return put_when(p, r.cut_by_budget, ",\"cut_by_budget\":true");
}

}  // namespace

char* put_usage_source(char* p, UsageSource source) {
  // Whole, and of one size, so that copying it takes two moves.
  static constexpr char texts[][32] = {
      ",\"usage_source\":\"none\"", ",\"usage_source\":\"provider\"",
      ",\"usage_source\":\"estimated\"", ",\"usage_source\":\"recovered\""};
  static constexpr std::uint8_t sizes[] = {22, 26, 27, 27};
  const auto i = static_cast<std::size_t>(source);
  std::memcpy(p, texts[i], sizeof texts[i]);
  return p + sizes[i];
}

char* put_usage(char* p, const TokenUsage& u) {
  p = put(p, "\"prompt_tokens\":", u.prompt);
  p = put(p, ",\"completion_tokens\":", u.completion);
  if ((u.cached | u.cache_write | u.reasoning | u.web_searches) == 0) return p;
  p = put_some(p, ",\"cache_read_input_tokens\":", u.cached);
  p = put_some(p, ",\"cache_creation_input_tokens\":", u.cache_write);
  p = put_some(p, ",\"reasoning_tokens\":", u.reasoning);
  return put_some(p, ",\"web_searches\":", u.web_searches);
}

char* put_receipt_fields(char* p, const Receipt& receipt, ReceiptPieces& pieces,
                         PrintedFigures& figures) {
  p = when(p, receipt, pieces.times);
  p = who(p, receipt, pieces);
  p = outcome(p, receipt, pieces);
  p = answered(p, receipt, pieces);
  p = facts(p, receipt, pieces);
  p = estimate(p, receipt.estimate);
  p = money(p, receipt, pieces, figures);
  return durations(p, receipt);
}

}  // namespace steelyard::telemetry
