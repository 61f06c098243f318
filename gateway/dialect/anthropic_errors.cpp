#include "gateway/dialect/anthropic_errors.h"

#include "config/types/json_writer.h"

namespace steelyard::dialect::anthropic {
namespace {

using openai::HttpReply;

constexpr HttpReply reply(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::context_length:
    case ErrorKind::bad_request: return {400, "invalid_request_error", nullptr, true};
    case ErrorKind::unauthorized: return {401, "authentication_error", nullptr, true};
    case ErrorKind::forbidden: return {403, "permission_error", nullptr, true};
    case ErrorKind::not_kept:
    case ErrorKind::not_found: return {404, "not_found_error", nullptr, true};
    case ErrorKind::no_route: return {503, "api_error", nullptr, true};
    case ErrorKind::over_budget: return {429, "rate_limit_error", nullptr, true};
    case ErrorKind::rate_limited: return {429, "rate_limit_error", nullptr, false};
    case ErrorKind::overloaded: return {529, "overloaded_error", nullptr, false};
    case ErrorKind::upstream_timeout: return {504, "timeout_error", nullptr, false};
    case ErrorKind::client_gone: return {499, "api_error", nullptr, true};
    case ErrorKind::storage: return {503, "api_error", nullptr, false};
    case ErrorKind::internal: return {500, "api_error", nullptr, false};
    case ErrorKind::upstream_connect:
    case ErrorKind::upstream_protocol:
    case ErrorKind::upstream_status: return {502, "api_error", nullptr, false};
  }
  return {500, "api_error", nullptr, false};
}

constexpr std::string_view kTooLong = "prompt is too long";

// What a client may see of a provider's error: nothing of the gateway's own key or account.
std::string_view message_of(const UpstreamFault& fault) {
  if (fault.cls == FaultClass::auth_upstream) return "the provider refused the gateway's key";
  if (fault.cls == FaultClass::balance) return "the gateway's account at the provider is empty";
  return fault.message.empty() ? std::string_view(name_of(fault.cls)) : fault.message;
}

void write_object(std::string& out, std::string_view type, std::string_view prefix,
                  std::string_view message, std::string_view request_id) {
  out.append("{\"type\":\"error\",\"error\":{\"type\":\"").append(type);
  out.append("\",\"message\":\"").append(prefix);
  append_json_escaped(out, message);
  out.append("\"}");
  if (!request_id.empty()) {
    out.append(",\"request_id\":\"");
    append_json_escaped(out, request_id);
    out += '"';
  }
  out += '}';
}

}  // namespace

HttpReply reply_for(ErrorKind kind, int refusal_status) {
  HttpReply how = reply(kind);
  if (kind == ErrorKind::over_budget && refusal_status == 402) {
    how.status = 402;
    how.type = "billing_error";
  }
  return how;
}

HttpReply reply_for(FaultClass cls, int upstream_status) {
  switch (cls) {
    case FaultClass::context_length: return {400, "invalid_request_error", nullptr, true};
    case FaultClass::model_missing: return {404, "not_found_error", nullptr, true};
    case FaultClass::auth_upstream:
    case FaultClass::balance: return {502, "api_error", nullptr, false};
    case FaultClass::rate_limited: return {429, "rate_limit_error", nullptr, false};
    case FaultClass::overloaded: return {529, "overloaded_error", nullptr, false};
    case FaultClass::timeout: return {504, "timeout_error", nullptr, false};
    case FaultClass::client_invalid:
      if (upstream_status == 413) return {413, "request_too_large", nullptr, true};
      return {400, "invalid_request_error", nullptr, true};
    case FaultClass::refused: return {400, "invalid_request_error", nullptr, true};
    case FaultClass::none:
    case FaultClass::server: break;
  }
  const bool sane = upstream_status >= 500 && upstream_status <= 599;
  return {sane ? upstream_status : 502, "api_error", nullptr, false};
}

void write_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  const HttpReply how = reply_for(error.kind, extras.refusal_status);
  const std::string_view message =
      error.context.empty() ? std::string_view(name_of(error.kind)) : error.context;
  const std::size_t begin = out.size();
  write_object(out, how.type, {}, message, extras.request_id);
  if (extras.budget == nullptr) return;
  // The figures, inside `error`: SDKs hand that object to the application.
  std::string figures;
  JsonWriter json(figures);
  const BudgetDetails& b = *extras.budget;
  json.begin_object().field("budget", b.budget).field("per", b.per);
  json.field("limit_nano_usd", b.limit.v).field("spent_nano_usd", b.spent.v);
  json.field("held_nano_usd", b.held.v);
  if (b.needs_approval != 0) json.field("needs_approval_percent", b.needs_approval);
  json.end_object();
  const std::size_t end = out.find(extras.request_id.empty() ? "}}" : "},\"request_id\"", begin);
  out.insert(end, ",\"steelyard\":" + figures);
}

void write_sse_error(std::string& out, const Error& error, const ErrorExtras& extras) {
  out += "event: error\ndata: ";
  write_error(out, error, extras);
  out += "\n\n";
}

void write_fault(std::string& out, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id) {
  const std::string_view message = message_of(fault);
  const bool say =
      fault.cls == FaultClass::context_length && message.find(kTooLong) == std::string_view::npos;
  write_object(out, reply_for(fault.cls, upstream_status).type, say ? "prompt is too long: " : "",
               message, request_id);
}

void write_sse_fault(std::string& out, const UpstreamFault& fault, std::string_view request_id) {
  out += "event: error\ndata: ";
  write_fault(out, fault, 200, request_id);
  out += "\n\n";
}

}  // namespace steelyard::dialect::anthropic

namespace steelyard::dialect::openai {
namespace {

struct Words {
  const char* type;
  const char* code;
};

Words words_of(FaultClass cls) {
  switch (cls) {
    case FaultClass::context_length: return {"invalid_request_error", "context_length_exceeded"};
    case FaultClass::model_missing: return {"invalid_request_error", "model_not_found"};
    case FaultClass::rate_limited: return {"rate_limit_error", "rate_limit_exceeded"};
    case FaultClass::overloaded: return {"server_error", "overloaded"};
    case FaultClass::timeout: return {"server_error", "upstream_timeout"};
    case FaultClass::client_invalid: return {"invalid_request_error", nullptr};
    case FaultClass::refused: return {"invalid_request_error", "content_filter"};
    default: return {"server_error", "upstream_error"};
  }
}

}  // namespace

void write_fault(std::string& out, const UpstreamFault& fault, int) {
  const Words words = words_of(fault.cls);
  JsonWriter json(out);
  json.begin_object().key("error").begin_object();
  json.field("message", anthropic::message_of(fault)).field("type", words.type);
  json.key("param").null().key("code");
  if (words.code != nullptr)
    json.string(words.code);
  else
    json.null();
  json.end_object().end_object();
}

void write_sse_fault(std::string& out, const UpstreamFault& fault) {
  out += "data: ";
  write_fault(out, fault, 200);
  out += "\n\n";
}

}  // namespace steelyard::dialect::openai
