#include "gateway/dialect/hub_errors.h"

#include "gateway/dialect/anthropic_errors.h"
#include "gateway/dialect/gemini_errors.h"
#include "gateway/dialect/responses_errors.h"

namespace steelyard::dialect::hub {

openai::HttpReply reply_for(Wire client, ErrorKind kind, int refusal_status) {
  switch (client) {
    case Wire::anthropic: return anthropic::reply_for(kind, refusal_status);
    case Wire::gemini: return gemini::reply_for(kind, refusal_status);
    case Wire::openai_responses: return responses::reply_for(kind, refusal_status);
    case Wire::converse:
    case Wire::openai_chat: break;
  }
  return openai::reply_for(kind, refusal_status);
}

void write_error(std::string& out, Wire client, const Error& error, const ErrorExtras& extras) {
  switch (client) {
    case Wire::anthropic: return anthropic::write_error(out, error, extras);
    case Wire::gemini: return gemini::write_error(out, error, extras);
    case Wire::openai_chat:
    case Wire::openai_responses:
    case Wire::converse: break;
  }
  openai::write_error(out, error, extras);
}

void write_sse_error(std::string& out, Wire client, const Error& error, const ErrorExtras& extras,
                     const StreamPlace& place) {
  switch (client) {
    case Wire::anthropic: return anthropic::write_sse_error(out, error, extras);
    case Wire::gemini: return gemini::write_sse_error(out, error, extras);
    case Wire::openai_responses:
      return responses::write_sse_failure(out, place.sequence, place.id,
                                          responses::code_of(error.kind), error.context);
    case Wire::converse:
    case Wire::openai_chat: break;
  }
  openai::write_sse_error(out, error, extras);
}

void write_fault(std::string& out, Wire client, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id) {
  switch (client) {
    case Wire::anthropic: return anthropic::write_fault(out, fault, upstream_status, request_id);
    case Wire::gemini: return gemini::write_fault(out, fault, upstream_status, request_id);
    case Wire::openai_chat:
    case Wire::openai_responses:
    case Wire::converse: break;
  }
  openai::write_fault(out, fault, upstream_status);
}

bool holds_error_object(std::string_view body) {
  constexpr std::string_view key = "\"error\"", blanks = " \t\r\n";
  const auto next = [&](std::size_t at) { return body.find_first_not_of(blanks, at); };
  for (std::size_t at = body.find(key); at != body.npos; at = body.find(key, at + 1)) {
    const std::size_t colon = next(at + key.size());
    if (colon == body.npos || body[colon] != ':') continue;
    const std::size_t value = next(colon + 1);
    if (value != body.npos && body[value] == '{') return true;
  }
  return false;
}

int fault_status(Wire client, const UpstreamFault& fault, int upstream_status) {
  if (client == Wire::anthropic) return anthropic::reply_for(fault.cls, upstream_status).status;
  if (client == Wire::gemini) return gemini::reply_for(fault.cls, upstream_status).status;
  // 529 is Anthropic's own.
  const int status = openai::client_status(fault.cls, upstream_status);
  // What OpenAI's Responses say of a model that is not there.
  if (client == Wire::openai_responses && fault.cls == FaultClass::model_missing) return 400;
  return status == 529 ? 503 : status;
}

}  // namespace steelyard::dialect::hub
