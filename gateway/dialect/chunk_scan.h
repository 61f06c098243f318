#pragma once
// A cheap look at one streamed chunk, without parsing it: is there anything in it worth parsing,
// and how much text does it carry? About two instructions a byte. It may say "worth parsing" too
// often, never too seldom for valid JSON whose keys are spelled without escapes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::dialect::openai {

struct ChunkScan {
  bool choices = false;        // there is a key `choices`
  bool worth_parsing = false;  // usage, a finish reason, an error, a tool's name, or no choices
  bool content =
      false;  // a delta a user would see: text, reasoning, refusal, tool call, sound, image
  std::int64_t text_bytes = 0;  // raw bytes inside the strings of the deltas
};
ChunkScan scan_chunk(std::string_view json);

// The same for a whole stream, several times cheaper: the chunks of one stream begin alike up to
// their text, so the state after that beginning is remembered and the scan of the next chunk goes
// on from there.
class ChunkScanner {
 public:
  ChunkScan scan(std::string_view json);

 private:
  friend class ChunkScanRun;
  enum class Text : std::uint8_t { answer, reasoning, reasoning_content, fallback };
  std::string
      beginning_;  // up to and with the opening quote of the first text; at most beginning_max
  Text text_ = Text::answer;
  bool choices_ = false, content_ = false;
  static constexpr std::size_t beginning_max = 512;
};

// Could these first bytes of an event become a chunk with empty choices? Monotone: once `no`, every
// longer prefix is `no`; once `yes`, every longer prefix is `yes`.
enum class EmptyChoices : std::uint8_t { undecided, yes, no };
EmptyChoices empty_choices(std::string_view event_prefix);

}  // namespace steelyard::dialect::openai
