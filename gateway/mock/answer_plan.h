#pragma once
// What will be said to one request, decided before the first byte. Pure. Internal to gateway/mock.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/mock/behaviour.h"
#include "gateway/mock/chat_request.h"
#include "gateway/mock/pieces.h"

namespace steelyard::mock {

inline constexpr std::int64_t kToolHeadTokens = 8;  // name and framing of one tool call

struct AnswerPlan {
  Answer kind = Answer::text;
  Pieces pieces;               // of the content, the refusal or the arguments of one call
  std::int64_t tokens = 0;     // visible tokens per choice, already limited by max_tokens
  std::int64_t calls = 0;      // tool calls, for kind tool_call
  std::string_view tool_name;  // views into the request or the behaviour
  std::string_view finish;     // finish_reason; empty: null
  std::int64_t input = 0;      // prompt tokens, cached part included
  std::int64_t cached = 0;
  std::int64_t cache_write = 0;  // of the rest of the input
  std::int64_t reasoning = 0;    // hidden tokens, once per request
  std::int64_t searches = 0;     // of the web, billed by the piece
  std::int64_t choices = 1;

  // completion_tokens of the whole answer.
  std::int64_t output() const { return tokens * choices + reasoning; }
};

// `text` holds made-up content that neither of the others holds; all three must outlive the plan.
AnswerPlan plan_answer(const ChatRequest& request, const Behaviour& behaviour, std::string& text);

struct Usage {
  std::int64_t input = 0;
  std::int64_t cached = 0;
  std::int64_t output = 0;
  std::int64_t reasoning = 0;
};
// {"prompt_tokens":...}
void append_usage(std::string& out, const Usage& usage);
void append_integer(std::string& out, std::int64_t value);

// Names of one answer, JSON-escaped.
struct AnswerNames {
  std::string id;            // chatcmpl-...
  std::string model;         // as requested
  std::int64_t created = 0;  // Unix seconds
};

void append_call_id(std::string& out, const AnswerNames& names, std::int64_t choice,
                    std::int64_t call);
void append_finish(std::string& out, std::string_view finish);  // quoted, or null when empty

// The body of a whole (not streamed) answer.
void append_completion(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
                       const Behaviour& behaviour);

}  // namespace steelyard::mock
