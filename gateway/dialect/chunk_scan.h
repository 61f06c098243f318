#pragma once
// A cheap look at one streamed chunk, without parsing it: is there anything in it worth parsing,
// and how much text does it carry? About two instructions a byte. It may say "worth parsing" too
// often, never too seldom for valid JSON whose keys are spelled without escapes.
#include <cstdint>
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

// Could these first bytes of an event become a chunk with empty choices? Monotone: once `no`, every
// longer prefix is `no`; once `yes`, every longer prefix is `yes`.
enum class EmptyChoices : std::uint8_t { undecided, yes, no };
EmptyChoices empty_choices(std::string_view event_prefix);

}  // namespace steelyard::dialect::openai
