#include "gateway/dialect/gemini_errors.h"

#include <charconv>
#include <cmath>

#include "config/types/json_writer.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::gemini {
namespace {

using openai::HttpReply;

constexpr HttpReply reply(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::context_length:
    case ErrorKind::bad_request: return {400, "INVALID_ARGUMENT", nullptr, true};
    case ErrorKind::unauthorized: return {401, "UNAUTHENTICATED", nullptr, true};
    case ErrorKind::forbidden: return {403, "PERMISSION_DENIED", nullptr, true};
    case ErrorKind::not_kept:
    case ErrorKind::not_found: return {404, "NOT_FOUND", nullptr, true};
    case ErrorKind::no_route: return {503, "UNAVAILABLE", nullptr, true};
    case ErrorKind::over_budget: return {429, "RESOURCE_EXHAUSTED", nullptr, true};
    case ErrorKind::rate_limited: return {429, "RESOURCE_EXHAUSTED", nullptr, false};
    case ErrorKind::upstream_timeout: return {504, "DEADLINE_EXCEEDED", nullptr, false};
    case ErrorKind::client_gone: return {499, "CANCELLED", nullptr, true};
    case ErrorKind::overloaded:
    case ErrorKind::storage:
    case ErrorKind::upstream_connect:
    case ErrorKind::upstream_protocol:
    case ErrorKind::upstream_status: return {503, "UNAVAILABLE", nullptr, false};
    case ErrorKind::internal: break;
  }
  return {500, "INTERNAL", nullptr, false};
}

// What a client may see of a provider's error: nothing of the gateway's own key or account.
std::string_view message_of(const UpstreamFault& fault) {
  if (fault.cls == FaultClass::auth_upstream) return "the provider refused the gateway's key";
  if (fault.cls == FaultClass::balance) return "the gateway's account at the provider is empty";
  return fault.message.empty() ? std::string_view(name_of(fault.cls)) : fault.message;
}

// Metadata values of ErrorInfo are texts.
void write_details(JsonWriter& json, std::string_view reason, const ErrorExtras& extras) {
  json.key("details").begin_array().begin_object();
  json.field("@type", "type.googleapis.com/google.rpc.ErrorInfo").field("reason", reason);
  json.field("domain", "steelyard").key("metadata").begin_object();
  if (!extras.request_id.empty()) json.field("request_id", extras.request_id);
  if (const BudgetDetails* b = extras.budget; b != nullptr) {
    json.field("budget", b->budget).field("per", b->per);
    json.field("limit_nano_usd", std::to_string(b->limit.v));
    json.field("spent_nano_usd", std::to_string(b->spent.v));
    json.field("held_nano_usd", std::to_string(b->held.v));
    if (b->needs_approval != 0)
      json.field("needs_approval_percent", std::to_string(b->needs_approval));
  }
  json.end_object().end_object().end_array();
}

void write_object(std::string& out, const HttpReply& how, std::string_view message,
                  std::string_view reason, const ErrorExtras& extras) {
  JsonWriter json(out);
  json.begin_object().key("error").begin_object().field("code", how.status);
  json.field("message", message).field("status", how.type);
  if (!extras.request_id.empty() || extras.budget != nullptr) write_details(json, reason, extras);
  json.end_object().end_object();
}

constexpr KeyTable kTop(key_names("error"));
constexpr KeyTable kErrorKeys(key_names("details"));
constexpr KeyTable kDetailKeys(key_names("retryDelay"));

std::int64_t milliseconds(std::string_view text) {
  if (!text.ends_with('s')) return -1;
  text.remove_suffix(1);
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  constexpr double most = 86'400 * 365;
  if (!whole || !(seconds >= 0) || seconds > most) return -1;
  return static_cast<std::int64_t>(std::ceil(seconds * 1'000));
}

}  // namespace

HttpReply reply_for(ErrorKind kind, int refusal_status) {
  HttpReply how = reply(kind);
  if (kind == ErrorKind::over_budget && refusal_status == 402) how.status = 402;
  return how;
}

HttpReply reply_for(FaultClass cls, int upstream_status) {
  switch (cls) {
    case FaultClass::context_length:
    case FaultClass::refused: return {400, "INVALID_ARGUMENT", nullptr, true};
    case FaultClass::client_invalid:
      return {upstream_status == 413 ? 413 : 400, "INVALID_ARGUMENT", nullptr, true};
    case FaultClass::model_missing: return {404, "NOT_FOUND", nullptr, true};
    case FaultClass::rate_limited: return {429, "RESOURCE_EXHAUSTED", nullptr, false};
    case FaultClass::timeout: return {504, "DEADLINE_EXCEEDED", nullptr, false};
    case FaultClass::auth_upstream:
    case FaultClass::balance:
    case FaultClass::overloaded: return {503, "UNAVAILABLE", nullptr, false};
    case FaultClass::none:
    case FaultClass::server: break;
  }
  return {upstream_status == 503 ? 503 : 500, upstream_status == 503 ? "UNAVAILABLE" : "INTERNAL",
          nullptr, false};
}

void write_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  const std::string_view message =
      error.context.empty() ? std::string_view(name_of(error.kind)) : error.context;
  write_object(out, reply_for(error.kind, extras.refusal_status), message, name_of(error.kind),
               extras);
}

void write_fault(std::string& out, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id) {
  ErrorExtras extras;
  extras.request_id = request_id;
  write_object(out, reply_for(fault.cls, upstream_status), message_of(fault), name_of(fault.cls),
               extras);
}

void write_sse_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  out += "data: ";
  write_error(out, error, extras);
  out += "\r\n\r\n";
}

void write_sse_fault(std::string& out, const UpstreamFault& fault, std::string_view request_id) {
  out += "data: ";
  write_fault(out, fault, 200, request_id);
  out += "\r\n\r\n";
}

void write_array_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  out += ",\r\n";
  write_error(out, error, extras);
  out += "]";
}

std::int64_t retry_delay_ms(std::string_view body) {
  std::string_view text;
  LenientReader reader(body);
  const auto document = [&] {
    return reader.object(kTop, [&](int key) {
      if (key < 0) return reader.cursor.skip_value();
      return reader.object(kErrorKeys, [&](int k) {
        if (k < 0) return reader.cursor.skip_value();
        return reader.array([&] {
          return reader.object(kDetailKeys, [&](int detail) {
            return detail == 0 ? reader.text(text) : reader.cursor.skip_value();
          });
        });
      });
    });
  };
  // Without alt=sse a stream's error stands in an array.
  const bool ok = reader.cursor.peek() == '[' ? reader.array(document) : document();
  return ok ? milliseconds(text) : -1;
}

}  // namespace steelyard::dialect::gemini
