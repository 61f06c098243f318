#pragma once
// Finds the lines of a message head while its bytes arrive, and refuses at once what no later byte
// can mend: a bare CR or LF, a control byte, a byte >= 0x80, a line or a block that is too long,
// too many lines. Linear over all calls together, however the bytes were cut into segments; the
// verdict does not depend on the cuts.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/types/limits.h"
#include "gateway/net/head_reader_fields.h"

namespace steelyard::net {

struct HeadRules {
  std::uint32_t head_bytes_max;  // terminator included, at most 65,535
  std::uint32_t line_bytes_max;  // CRLF not counted
  std::uint16_t fields_max;
  bool obs_text;  // bytes >= 0x80 are let through (responses only)
};

inline constexpr HeadRules request_head_rules{limits::head_bytes_max, limits::head_line_bytes_max,
                                              limits::head_fields_max, false};
// Security policies among a provider's fields get long: a line may fill the head.
inline constexpr HeadRules response_head_rules{65'535, 65'535, 128, true};

class HeadLines {
 public:
  static constexpr std::size_t fields_max = 128;

  // Forget everything: the next byte is the first of a new message.
  void reset() {
    scanned_ = line_start_ = first_ = 0;
    lines_ = 0;
  }

  // `buffer` starts with the message's first byte and holds all that has come so far (same bytes as
  // at the last call, perhaps at another address, and more behind them). One empty line before the
  // first line is skipped (RFC 9112 2.2).
  // Defined for request_head_rules and response_head_rules.
  template <HeadRules rules>
  HeadStatus scan(std::string_view buffer, Refusal& refusal);

  // After `complete`: the start line is line 0, fields are lines 1 to count()-1; CRLF not included.
  std::size_t count() const { return lines_; }
  std::uint32_t begin(std::size_t line) const { return line == 0 ? first_ : ends_[line - 1] + 2u; }
  std::uint32_t end(std::size_t line) const { return ends_[line]; }
  std::uint32_t head_bytes() const { return line_start_; }

  // Bytes looked at so far.
  std::uint32_t scanned() const { return scanned_; }

 private:
  enum class Line : std::uint8_t { more, last, wait, refused };
  Line on_special(std::string_view buffer, std::size_t at, const HeadRules& rules,
                  Refusal& refusal);
  HeadStatus pause(std::size_t at, std::size_t filled, const HeadRules& rules, Refusal& refusal);
  Line on_line_end(std::size_t at, const HeadRules& rules, Refusal& refusal);
  void set_progress(std::size_t line_start, std::size_t lines) {
    line_start_ = static_cast<std::uint32_t>(line_start);
    lines_ = static_cast<std::uint16_t>(lines);
  }

  std::uint32_t scanned_ = 0;     // every byte before this has been looked at
  std::uint32_t line_start_ = 0;  // first byte of the line being read
  std::uint32_t first_ = 0;       // 0, or 2 after a skipped empty line
  std::uint16_t lines_ = 0;
  std::array<std::uint16_t, fields_max + 1> ends_;  // offset of each line's CR
};

}  // namespace steelyard::net
