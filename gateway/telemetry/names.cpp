// The words of receipts: stable, lower case.
#include <cstring>

#include "gateway/telemetry/json_put.h"
#include "gateway/telemetry/receipt.h"

namespace steelyard::telemetry {

const char* name_of(CallType call) {
  switch (call) {
    case CallType::none: return "none";
    case CallType::chat_completions: return "chat_completions";
    case CallType::responses: return "responses";
    case CallType::messages: return "messages";
    case CallType::count_tokens: return "count_tokens";
    case CallType::generate_content: return "generate_content";
    case CallType::embeddings: return "embeddings";
    case CallType::completions: return "completions";
    case CallType::models: return "models";
    case CallType::outcomes: return "outcomes";
    case CallType::explain: return "explain";
    case CallType::pass_through: return "pass_through";
  }
  return "none";
}

const char* name_of(WireDialect dialect) {
  switch (dialect) {
    case WireDialect::none: return "none";
    case WireDialect::openai: return "openai";
    case WireDialect::anthropic: return "anthropic";
    case WireDialect::gemini: return "gemini";
    case WireDialect::responses: return "responses";
    case WireDialect::converse: return "converse";
  }
  return "none";
}

const char* name_of(ClientAbort abort) {
  switch (abort) {
    case ClientAbort::none: return "none";
    case ClientAbort::before_first_byte: return "before_first_byte";
    case ClientAbort::mid_stream: return "mid_stream";
  }
  return "none";
}

const char* window_name(WindowKind per) {
  return window_word(per);
}

char* write_request_id(char* out, router::RequestId id) {
  std::memcpy(out, "req_", 4);
  return put_hex(put_hex(out + 4, id.hi), id.lo);
}

}  // namespace steelyard::telemetry
