#pragma once
// One document of an answer, read in full: a streamed chunk (`delta`) or a whole answer
// (`message`). Both have one grammar, so both are read here; openai_stream and openai_response use
// what they need.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/answer.h"
#include "gateway/dialect/answer_gaps.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::openai {

// Views point into the document.
struct AnswerDocument {
  bool choices = false;  // `choices` was an array
  std::uint32_t choice_count = 0;
  ReportedUsage usage;  // last of: usage, x_groq.usage, choices[].usage, choices[].delta.usage
  FinishReason finish = FinishReason::none;  // of index 0 or of a choice without index
  FinishSet finishes;
  std::string_view model, service_tier;
  std::string_view content;   // string content of choice 0
  bool refusal = false;       // a non-empty refusal
  bool empty_choice = false;  // a choice a user would see nothing of
  std::uint32_t tool_calls = 0;
  bool begun = false;  // something of the answer itself: text, reasoning, a tool call, sound
  std::int64_t text_bytes = 0;  // raw bytes inside strings; reasoning given twice counts once
  UpstreamFault fault;          // an error object, or a document that is nothing but an error
};

// Where the growing parts go; either may be null.
struct AnswerSinks {
  std::string* tool_names = nullptr;  // appended, one a line, unescaped
  std::size_t tool_names_max = 4096;
  std::vector<std::string_view>* arguments = nullptr;  // of each tool call, escaped
  AnswerGaps* gaps = nullptr;                    // cleared first; of use if the document is good
  std::vector<std::uint64_t>* states = nullptr;  // of signed and encrypted parts (state_hash.h)
};

// False if `json` is not one JSON object; then `out` holds what was read before the fault.
bool read_answer(std::string_view json, AnswerDocument& out, AnswerSinks sinks);

FinishReason finish_named(std::string_view name);  // "" is none

}  // namespace steelyard::dialect::openai
