#pragma once
// Reads a whole (not streamed) OpenAI Chat Completions answer, and every shape of error body seen
// from providers that speak it (research/wire 2.8). Lenient: whatever is not understood is reported
// as absent, never as a failure of ours.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/answer.h"
#include "gateway/dialect/answer_shape.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::openai {

// Views point into the body or into the shape it was recognised by, which lives until that
// ShapeMemory learns again.
struct ChatAnswer {
  bool valid = false;  // a JSON object with `choices`
  ReportedUsage usage;
  FinishReason finish = FinishReason::none;  // of choice 0
  FinishSet finishes;
  std::string_view model, service_tier;  // raw insides of JSON strings
  std::string_view content;              // choice 0: raw inside of the string; "" null or absent
  bool refusal = false;                  // a non-empty `refusal`, or finish reason content_filter
  bool empty = false;  // some choice has no text, no tool call, no refusal, no sound
  bool one_choice = false;
  std::uint32_t tool_calls = 0;
  bool arguments_invalid = false;     // a tool call whose arguments are not a JSON object
  std::int64_t output_bytes = 0;      // raw bytes of text, reasoning and tool arguments
  std::string tool_names;             // one a line, unescaped
  std::vector<std::uint64_t> states;  // signed or encrypted parts (state_hash.h)
  UpstreamFault fault;                // an error object in a 200 answer
};

// One per worker.
class ResponseParser {
 public:
  // `out` is reset first; its strings keep their memory. With `shapes`, the memory of where the
  // answer comes from, one that looks like those before is not parsed.
  void parse(std::string_view body, ChatAnswer& out, ShapeMemory* shapes = nullptr);
  // Is `content` (raw inside of a JSON string) itself a JSON document? For escalation on
  // invalid_json.
  bool is_json(std::string_view escaped);
  // True if every name of `names` (one a line) is a function of the request's raw `tools` array.
  bool tools_declared(std::string_view tools, std::string_view names);

 private:
  bool is_object(std::string_view escaped);
  void parse_in_full(std::string_view body, ChatAnswer& out, AnswerGaps* gaps);

  std::string unescaped_;                    // grows to the longest text looked into
  std::vector<std::string_view> arguments_;  // of the answer being parsed
  AnswerGaps gaps_;
};

// An error answer: status and body as the provider sent them. Never `none`.
UpstreamFault parse_error(int status, std::string_view body);

}  // namespace steelyard::dialect::openai
