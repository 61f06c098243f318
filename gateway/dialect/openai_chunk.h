#pragma once
// One chunk of a chat stream, or one whole answer, taken apart: values, no state. Used by
// openai_events.cpp.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/fault.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::openai {

struct CallPiece {
  std::int64_t index = -1;               // -1: not given
  std::string_view id, name, arguments;  // escaped
  std::string_view arguments_raw;        // an object where a string should be
  std::string_view signature;            // escaped: Gemini's, as Google's chat endpoint has it
  bool custom = false;
};

struct ThoughtPiece {
  std::string_view text, signature, data;  // escaped; data: encrypted
};

struct ChunkChoice {
  std::uint32_t index = 0;
  std::string_view text, thinking, refusal, finish;  // escaped
  // Raw arrays, "" where there is nothing in them: of the tokens of the text or of the refusal, and
  // what the text was taken from.
  std::string_view logprobs, refusal_logprobs, annotations;
  std::uint32_t texts_begin = 0, texts_count = 0;  // more pieces of text, in ChunkReader::texts
  std::uint32_t thoughts_begin = 0, thoughts_count = 0;
  std::uint32_t calls_begin = 0, calls_count = 0;
};

// `thinking` pieces of a content array (Mistral) come with the texts.
struct TextPiece {
  std::string_view text;
  bool thinking = false;
};

// One per stream; its vectors keep their memory. Views point into the document.
class ChunkReader {
 public:
  // False: no JSON object. Lenient otherwise.
  bool read(std::string_view json);

  std::string_view id, model, tier;  // escaped
  std::string_view padding;          // likewise; hides how long the words are
  ReportedUsage usage;               // the last one in the document
  UpstreamFault fault;
  bool has_choices = false;
  std::string_view citations;  // raw array; of pages as a whole
  hub::Dropped lost;           // what the document says that has no place here
  std::vector<ChunkChoice> choices;
  std::vector<TextPiece> texts;
  std::vector<ThoughtPiece> thoughts;
  std::vector<CallPiece> calls;
  std::deque<std::string> made;  // carriers, which pieces point at
};

}  // namespace steelyard::dialect::openai
