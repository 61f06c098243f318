#include "gateway/dialect/answer.h"

#include "gateway/dialect/chat.h"

namespace steelyard::dialect {

const char* name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::none: return "";
    case FinishReason::stop: return "stop";
    case FinishReason::length: return "length";
    case FinishReason::tool_calls: return "tool_calls";
    case FinishReason::content_filter: return "content_filter";
    case FinishReason::error: return "error";
    case FinishReason::other: return "other";
  }
  return "";
}

const char* name_of(Role role) {
  switch (role) {
    case Role::system: return "system";
    case Role::developer: return "developer";
    case Role::user: return "user";
    case Role::assistant: return "assistant";
    case Role::tool: return "tool";
    case Role::function: return "function";
    case Role::other: return "other";
  }
  return "";
}

}  // namespace steelyard::dialect
