#include "gateway/dialect/openai_errors.h"

#include "config/types/json_writer.h"

namespace steelyard::dialect::openai {
namespace {

constexpr HttpReply reply(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_request: return {400, "invalid_request_error", nullptr, true};
    case ErrorKind::unauthorized: return {401, "invalid_request_error", "invalid_api_key", true};
    case ErrorKind::forbidden: return {403, "invalid_request_error", "permission_denied", true};
    case ErrorKind::not_found: return {404, "invalid_request_error", "model_not_found", true};
    case ErrorKind::not_kept:
      return {404, "invalid_request_error", "previous_response_not_found", true};
    case ErrorKind::context_length:
      return {400, "invalid_request_error", "context_length_exceeded", true};
    case ErrorKind::no_route: return {503, "server_error", "no_route", true};
    case ErrorKind::over_budget: return {429, "insufficient_quota", "budget_exceeded", true};
    case ErrorKind::rate_limited: return {429, "rate_limit_error", "rate_limit_exceeded", false};
    case ErrorKind::overloaded: return {503, "server_error", "overloaded", false};
    case ErrorKind::upstream_connect: return {502, "server_error", "upstream_unreachable", false};
    case ErrorKind::upstream_timeout: return {504, "server_error", "upstream_timeout", false};
    case ErrorKind::upstream_protocol: return {502, "server_error", "upstream_protocol", false};
    case ErrorKind::upstream_status: return {502, "server_error", "upstream_error", false};
    case ErrorKind::client_gone: return {499, "server_error", "client_closed_request", true};
    case ErrorKind::storage: return {503, "server_error", "storage_unavailable", false};
    case ErrorKind::internal: return {500, "server_error", "internal_error", false};
  }
  return {500, "server_error", "internal_error", false};
}

// -Werror=switch stops a new kind that has no case; these stop a change of what clients rely on.
static_assert(reply(ErrorKind::bad_request).status == 400);
static_assert(reply(ErrorKind::unauthorized).status == 401);
static_assert(reply(ErrorKind::forbidden).status == 403);
static_assert(reply(ErrorKind::not_found).status == 404);
static_assert(reply(ErrorKind::not_kept).status == 404);
static_assert(reply(ErrorKind::no_route).status == 503);
static_assert(reply(ErrorKind::over_budget).status == 429 &&
              reply(ErrorKind::over_budget).retry_useless);
static_assert(reply(ErrorKind::rate_limited).status == 429 &&
              !reply(ErrorKind::rate_limited).retry_useless);
static_assert(reply(ErrorKind::overloaded).status == 503);
static_assert(reply(ErrorKind::upstream_connect).status == 502);
static_assert(reply(ErrorKind::upstream_timeout).status == 504);
static_assert(reply(ErrorKind::upstream_protocol).status == 502);
static_assert(reply(ErrorKind::upstream_status).status == 502);
static_assert(reply(ErrorKind::client_gone).status == 499);
static_assert(reply(ErrorKind::storage).status == 503);
static_assert(reply(ErrorKind::internal).status == 500);

// 2026-12-01T00:00:00Z, by the civil-from-days arithmetic of the proleptic Gregorian calendar.
void append_utc(std::string& out, Instant at) {
  const std::int64_t seconds = at.seconds();
  std::int64_t days = seconds / 86'400;
  std::int64_t rest = seconds % 86'400;
  if (rest < 0) rest += 86'400, --days;
  const std::int64_t shifted = days + 719'468;  // from 0000-03-01
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const auto two = [&out](std::int64_t v, char after) {
    out += static_cast<char>('0' + v / 10);
    out += static_cast<char>('0' + v % 10);
    out += after;
  };
  out += std::to_string(year) + '-';
  two(month, '-');
  two(day, 'T');
  two(rest / 3'600, ':');
  two(rest / 60 % 60, ':');
  two(rest % 60, 'Z');
}

void write_details(JsonWriter& json, const ErrorExtras& extras) {
  json.key("steelyard").begin_object();
  if (!extras.request_id.empty()) json.field("request_id", extras.request_id);
  if (const BudgetDetails* b = extras.budget; b != nullptr) {
    json.field("budget", b->budget).field("per", b->per);
    json.field("limit_nano_usd", b->limit.v).field("spent_nano_usd", b->spent.v);
    json.field("held_nano_usd", b->held.v);
    if (b->needs_approval != 0) json.field("needs_approval_percent", b->needs_approval);
    json.key("resets_at");
    if (b->resets_at) {
      std::string text;
      append_utc(text, *b->resets_at);
      json.string(text);
    } else {
      json.null();
    }
  }
  json.end_object();
}

void write_object(std::string& out, const Error& error, const ErrorExtras& extras) {
  const HttpReply how = reply_for(error.kind, extras.refusal_status);
  JsonWriter json(out);
  json.begin_object().key("error").begin_object();
  json.field("message", error.context.empty() ? std::string_view(name_of(error.kind))
                                              : std::string_view(error.context));
  json.field("type", how.type).key("param");
  if (extras.param.empty())
    json.null();
  else
    json.string(extras.param);
  json.key("code");
  const char* const code = extras.code != nullptr ? extras.code : how.code;
  if (code == nullptr)
    json.null();
  else
    json.string(code);
  if (!extras.request_id.empty() || extras.budget != nullptr) write_details(json, extras);
  json.end_object().end_object();
}

}  // namespace

HttpReply reply_for(ErrorKind kind, int refusal_status) {
  HttpReply how = reply(kind);
  if (kind == ErrorKind::over_budget && refusal_status == 402) how.status = 402;
  return how;
}

bool forwards_body(FaultClass cls) {
  return cls != FaultClass::auth_upstream && cls != FaultClass::balance;
}

int client_status(FaultClass cls, int upstream_status) {
  if (!forwards_body(cls) || upstream_status < 400 || upstream_status > 599) return 502;
  return upstream_status;
}

void write_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  write_object(out, error, extras);
}

void write_sse_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  out += "data: ";
  write_object(out, error, extras);
  out += "\n\n";
}

}  // namespace steelyard::dialect::openai
