#pragma once
// Where an answer may differ from the next one of the same provider without meaning anything else:
// collected by a full read (openai_answer.h), used to recognise the next one (answer_shape.h).
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect {

enum class GapKind : std::uint8_t {
  any_string,  // passed over by the reader: whatever stands there
  any_number,
  content,  // text of the answer: `content` of a choice
  answer,   // other text a user sees, tool arguments
  reasoning,
  reasoning_content,
  prompt,  // figures of `usage`: from here on in the order of UsageFigure
  completion,
  total,
  cached,
  cache_write,
  reasoning_tokens,
  audio_input,
  audio_output,
  image_input,
  image_output,
  cost,
};

// Bytes [begin, end) of the document: the inside of a string, or a number.
struct Gap {
  std::uint32_t begin = 0, end = 0;
  GapKind kind = GapKind::any_string;
};

class AnswerGaps {
 public:
  static constexpr std::size_t max = 32;

  void clear() { count_ = 0, full_ = false; }
  bool full() const { return full_; }  // some did not fit: the list is of no use
  std::span<const Gap> list() const { return {gaps_.data(), count_}; }

  // Its number, or -1 when full.
  int add(std::size_t begin, std::size_t end, GapKind kind) {
    full_ = full_ || count_ == max;
    if (full_) return -1;
    gaps_[count_] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), kind};
    return static_cast<int>(count_++);
  }
  void set_kind(int gap, GapKind kind) {
    if (gap >= 0) gaps_[static_cast<std::size_t>(gap)].kind = kind;
  }
  // An earlier `usage` that a later one replaced means nothing.
  void forget_figures() {
    for (Gap& gap : gaps_)
      if (gap.kind >= GapKind::prompt) gap.kind = GapKind::any_number;
  }
  // The string or number that was just taken and began at `begin` with `first`. Others are no gaps.
  int add_taken(const JsonCursor& cursor, std::size_t begin, char first, GapKind string_kind) {
    const std::size_t end = cursor.end_of_previous();
    if (first == '"') return add(begin + 1, end - 1, string_kind);
    const bool number = first == '-' || (first >= '0' && first <= '9');
    return number ? add(begin, end, GapKind::any_number) : -1;
  }

 private:
  std::array<Gap, max> gaps_;
  std::size_t count_ = 0;
  bool full_ = false;
};

// Passes over a value; one that is a string or a number is a gap.
inline bool skip_to_gap(LenientReader& reader, AnswerGaps* gaps) {
  if (gaps == nullptr) return reader.cursor.skip_value();
  const std::size_t begin = reader.cursor.offset();
  const char first = reader.cursor.peek();
  if (!reader.cursor.skip_value()) return false;
  gaps->add_taken(reader.cursor, begin, first, GapKind::any_string);
  return true;
}

}  // namespace steelyard::dialect
