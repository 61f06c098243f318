#include "gateway/reports/decision_line.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <fstream>

#include "gateway/telemetry/receipt.h"
#include "router/ledger/zone.h"

namespace steelyard::reports {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

auto bad(const std::string& what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, what);
}

// Absent and null are empty, zero, false: a log may be older than a field.
void take(const object& from, const char* name, std::string& out) {
  std::string_view text;
  out.clear();
  if (from[name].get(text) == simdjson::SUCCESS) out = text;
}
void take(const object& from, const char* name, std::int64_t& out) {
  if (from[name].get(out) != simdjson::SUCCESS) out = 0;
}
void take(const object& from, const char* name, NanoUsd& out) {
  take(from, name, out.v);
}
void take(const object& from, const char* name, bool& out) {
  if (from[name].get(out) != simdjson::SUCCESS) out = false;
}

void take(const object& from, LineTokens& out) {
  take(from, "prompt_tokens", out.prompt);
  take(from, "completion_tokens", out.completion);
  take(from, "cache_read_input_tokens", out.cached);
  take(from, "cache_creation_input_tokens", out.cache_write);
  take(from, "reasoning_tokens", out.reasoning);
  take(from, "web_searches", out.web_searches);
}

void take_attempts(const object& line, std::vector<LineAttempt>& out) {
  out.clear();
  simdjson::dom::array list;
  if (line["attempts"].get(list) != simdjson::SUCCESS) return;
  for (const element item : list) {
    object from;
    if (item.get(from) != simdjson::SUCCESS) continue;
    LineAttempt& attempt = out.emplace_back();
    take(from, "provider", attempt.provider);
    take(from, "model", attempt.model);
    take(from, "error_class", attempt.error_class);
    take(from, "usage_source", attempt.usage_source);
    take(from, "status", attempt.status);
    take(from, "held_nano_usd", attempt.held);
    take(from, "cost_nano_usd", attempt.cost);
    take(from, attempt.tokens);
  }
}

void take_tags(const object& line, std::vector<std::string>& out) {
  out.clear();
  simdjson::dom::array list;
  if (line["request_tags"].get(list) != simdjson::SUCCESS) return;
  for (const element item : list) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) out.emplace_back(text);
  }
}

void take_texts(const object& line, DecisionLine& out) {
  take(line, "organization_id", out.organisation);
  take(line, "team_id", out.team);
  take(line, "user_api_key_alias", out.key);
  take(line, "session_id", out.session);
  take(line, "task_id", out.task);
  take(line, "call_type", out.call_type);
  take(line, "status", out.status);
  take(line, "error_class", out.error_class);
  take(line, "policy", out.policy);
  take(line, "tier", out.tier);
  take(line, "model_group", out.model_asked);
  take(line, "model", out.model);
  take(line, "custom_llm_provider", out.provider);
  take(line, "counterfactual_model", out.counterfactual_model);
  take(line, "config_hash", out.config_hash);
}

void take_figures(const object& line, DecisionLine& out) {
  take(line, "http_status", out.http_status);
  take(line, "retries", out.retries);
  take(line, "stream", out.stream);
  take(line, "escalated", out.escalated);
  take(line, "spend_nano_usd", out.spend);
  take(line, "held_nano_usd", out.held);
  take(line, "overrun_nano_usd", out.overrun);
  take(line, "counterfactual_nano_usd", out.counterfactual);
  take(line, "saved_nano_usd", out.saved);
  take(line, "attempts_omitted", out.attempts_omitted);
  out.compared = !out.counterfactual_model.empty();
}

std::int64_t digits(std::string_view text, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  if (at + count > text.size()) return -1;
  const char* const first = text.data() + at;
  for (std::size_t i = 0; i < count; ++i)
    if (first[i] < '0' || first[i] > '9') return -1;
  std::from_chars(first, first + count, value);
  return value;
}

}  // namespace

std::string text_of(router::RequestId id) {
  char text[telemetry::request_id_bytes];
  return {text, telemetry::write_request_id(text, id)};
}

bool parse_request_id(std::string_view text, router::RequestId& out) {
  if (text.size() != telemetry::request_id_bytes || !text.starts_with("req_")) return false;
  const auto half = [&](std::size_t at, std::uint64_t& value) {
    const char* const first = text.data() + at;
    const auto [end, error] = std::from_chars(first, first + 16, value, 16);
    return error == std::errc() && end == first + 16;
  };
  return half(4, out.hi) && half(20, out.lo);
}

bool parse_timestamp(std::string_view text, Instant& out) {
  if (text.size() < 20 || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return false;
  const std::int64_t part[] = {digits(text, 0, 4),  digits(text, 5, 2),  digits(text, 8, 2),
                               digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)};
  for (const std::int64_t value : part)
    if (value < 0) return false;
  const router::CivilDate date{static_cast<std::int32_t>(part[0]),
                               static_cast<std::int32_t>(part[1]),
                               static_cast<std::int32_t>(part[2])};
  const std::int64_t seconds =
      router::days_from_civil(date) * 86'400 + part[3] * 3'600 + part[4] * 60 + part[5];
  out = Instant::from_seconds(seconds);
  if (text[19] == 'Z') return text.size() == 20;
  const std::size_t count = text.size() - 21;
  std::int64_t fraction = digits(text, 20, count);
  if (text[19] != '.' || count < 1 || count > 9 || fraction < 0) return false;
  for (std::size_t i = count; i < 9; ++i) fraction *= 10;
  out.ns += fraction;
  return true;
}

struct DecisionParser::State {
  simdjson::dom::parser parser;
};
DecisionParser::DecisionParser() : state_(std::make_unique<State>()) {}
DecisionParser::~DecisionParser() = default;

Result<void> DecisionParser::parse(std::string_view text, DecisionLine& out) {
  object line;
  const auto error = state_->parser.parse(text.data(), text.size(), true).get(line);
  if (error != simdjson::SUCCESS) return bad("not a JSON object");
  std::int64_t version = 0;
  take(line, "schema_version", version);
  if (version != telemetry::receipt_schema_version)
    return bad(fmt::format("schema version {} is not known", version));
  std::string word;
  take(line, "request_id", word);
  if (!parse_request_id(word, out.id)) return bad("no request id");
  take(line, "startTime", word);
  if (!parse_timestamp(word, out.start)) return bad("no start time");
  take(line, "endTime", word);
  if (!parse_timestamp(word, out.end)) out.end = out.start;
  take_texts(line, out);
  take_figures(line, out);
  take(line, out.tokens);
  take_tags(line, out.tags);
  take_attempts(line, out.attempts);
  simdjson::dom::array budgets;
  std::int64_t omitted = 0;
  take(line, "budgets_omitted", omitted);
  out.governed =
      omitted > 0 || (line["budgets"].get(budgets) == simdjson::SUCCESS && budgets.size() > 0);
  return {};
}

Result<LogReading> read_decisions(const std::string& path, std::uint64_t from,
                                  const std::function<void(const DecisionLine&)>& each) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return bad("cannot read the decision log `" + path + "`");
  file.seekg(static_cast<std::streamoff>(from));
  LogReading reading;
  DecisionParser parser;
  DecisionLine line;
  std::string text;
  while (std::getline(file, text)) {
    if (file.eof()) {  // no line feed behind it
      reading.torn_bytes = text.size();
      break;
    }
    ++reading.lines;
    reading.bytes += text.size() + 1;
    const Result<void> parsed = parser.parse(text, line);
    if (!parsed)
      return bad(fmt::format("`{}`, line {} from byte {}: {}", path, reading.lines, from,
                             parsed.error().context));
    each(line);
  }
  return reading;
}

}  // namespace steelyard::reports
