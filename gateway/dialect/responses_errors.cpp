#include "gateway/dialect/responses_errors.h"

#include "gateway/dialect/hub_json.h"

namespace steelyard::dialect::responses {

using hub::PieceWriter;

openai::HttpReply reply_for(ErrorKind kind, int refusal_status) {
  openai::HttpReply reply = openai::reply_for(kind, refusal_status);
  if (kind == ErrorKind::not_found) reply.status = 400;
  return reply;
}

std::string_view code_of(const UpstreamFault& fault) {
  switch (fault.cls) {
    case FaultClass::context_length: return "context_length_exceeded";
    case FaultClass::model_missing: return "model_not_found";
    case FaultClass::rate_limited: return "rate_limit_exceeded";
    case FaultClass::client_invalid: return "invalid_prompt";
    case FaultClass::refused: return "content_filter";
    default: return "server_error";
  }
}

std::string_view code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::over_budget: return "insufficient_quota";
    case ErrorKind::rate_limited: return "rate_limit_exceeded";
    case ErrorKind::bad_request: return "invalid_prompt";
    default: return "server_error";
  }
}

std::string_view message_of(const UpstreamFault& fault) {
  if (fault.cls == FaultClass::auth_upstream) return "the provider refused the gateway's key";
  if (fault.cls == FaultClass::balance) return "the gateway's account at the provider is empty";
  return fault.message.empty() ? std::string_view(name_of(fault.cls)) : fault.message;
}

void write_sse_failure(std::string& out, std::int64_t sequence, std::string_view id,
                       std::string_view code, std::string_view message) {
  out += "event: error\ndata: ";
  PieceWriter error(out);
  error.open('{').field("type", "error").field_number("sequence_number", sequence);
  error.key("code").text(code).key("message").text(message).field_raw("param", "null").close('}');
  out += "\n\nevent: response.failed\ndata: ";
  PieceWriter json(out);
  json.open('{').field("type", "response.failed").field_number("sequence_number", sequence + 1);
  json.key("response").open('{').field("id", id.empty() ? "resp_0" : id);
  json.field("object", "response").field_number("created_at", 0).field("status", "failed");
  json.key("error").open('{').key("code").text(code).key("message").text(message).close('}');
  json.field_raw("incomplete_details", "null").field_raw("output", "[]").field_raw("usage", "null");
  json.close('}').close('}');
  out += "\n\n";
}

void write_sse_incomplete(std::string& out, const hub::StreamPlace& place, std::string_view model,
                          const ReportedUsage& reported) {
  const TokenUsage usage = normalise(reported, {});
  out += "event: response.incomplete\ndata: ";
  PieceWriter json(out);
  json.open('{')
      .field("type", "response.incomplete")
      .field_number("sequence_number", place.sequence);
  json.key("response").open('{').field("id", place.id.empty() ? "resp_0" : place.id);
  json.field("object", "response").field_number("created_at", 0).field("status", "incomplete");
  json.field("model", model).field_raw("error", "null").key("incomplete_details").open('{');
  json.field("reason", "max_output_tokens").close('}').field_raw("output", "[]");
  json.field_raw("parallel_tool_calls", "true").field_raw("tools", "[]");
  json.field("tool_choice", "auto").key("usage").open('{');
  json.field_number("input_tokens", usage.input()).key("input_tokens_details").open('{');
  json.field_number("cached_tokens", usage.cache_read).close('}');
  json.field_number("output_tokens", usage.output).key("output_tokens_details").open('{');
  json.field_number("reasoning_tokens", usage.reasoning).close('}');
  json.field_number("total_tokens", usage.input() + usage.output).close('}').close('}').close('}');
  out += "\n\n";
}

}  // namespace steelyard::dialect::responses
