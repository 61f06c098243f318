#include "gateway/net/head_reader_lines.h"

#include <algorithm>

#include "gateway/net/head_reader_bytes.h"

namespace steelyard::net {

namespace {

struct Block {
  std::uint64_t specials;  // bit i: byte i is not printable ASCII
  std::size_t bytes;
};

// The next 64, 16, or fewer than 16 bytes.
inline Block next_block(const char* p, std::size_t left) {
  if (left >= 4 * bytes::block) {
    const std::uint64_t low = bytes::printable_mask(p) | bytes::printable_mask(p + 16) << 16;
    const std::uint64_t high = bytes::printable_mask(p + 32) | bytes::printable_mask(p + 48) << 16;
    return {~(low | high << 32), 64};
  }
  if (left >= bytes::block) return {bytes::printable_mask(p) ^ 0xffffu, 16};
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < left; ++i) {
    const auto byte = static_cast<unsigned char>(p[i]);
    mask |= static_cast<std::uint64_t>(byte < 0x20 || byte >= 0x7f) << i;
  }
  return {mask, left};
}

bool is_line_end(const char* p) {
  return bytes::load_word(p, 2) == ('\r' | '\n' << 8);
}

}  // namespace

template <HeadRules rules>
HeadStatus HeadLines::scan(std::string_view buffer, Refusal& refusal) {
  static_assert(rules.head_bytes_max <= 65'535 && rules.fields_max <= fields_max);
  const std::string_view window = buffer.substr(0, rules.head_bytes_max);
  const char* const text = window.data();
  const std::size_t size = window.size();
  std::size_t line_start = line_start_;  // in registers: stores to `ends_` could alias the members
  std::size_t lines = lines_;
  for (std::size_t at = scanned_;;) {
    if (at >= size) return pause(at, buffer.size(), rules, refusal);
    Block block = next_block(text + at, size - at);
    while (block.specials != 0) {
      const std::size_t special = at + static_cast<std::size_t>(std::countr_zero(block.specials));
      block.specials &= block.specials - 1;
      if (special + 1 < size && is_line_end(text + special) &&
          special - line_start - 1 < rules.line_bytes_max && lines <= rules.fields_max) [[likely]] {
        ends_[lines++] = static_cast<std::uint16_t>(special);
        line_start = special + 2;
        // And its LF; if that is in the next block, nothing is left here anyway.
        block.specials &= block.specials - 1;
        continue;
      }
      if (special < line_start) continue;  // the LF of a CRLF that straddles two blocks
      set_progress(line_start, lines);
      const Line line = on_special(window, special, rules, refusal);
      line_start = line_start_;
      if (line == Line::last) return HeadStatus::complete;
      if (line == Line::refused) return HeadStatus::refused;
      if (line == Line::wait) return pause(special, buffer.size(), rules, refusal);
    }
    set_progress(line_start, lines);
    at += block.bytes;
  }
}
template HeadStatus HeadLines::scan<request_head_rules>(std::string_view, Refusal&);
template HeadStatus HeadLines::scan<response_head_rules>(std::string_view, Refusal&);

// All before `at` is in order and there is no more, yet.
HeadStatus HeadLines::pause(std::size_t at, std::size_t filled, const HeadRules& rules,
                            Refusal& refusal) {
  scanned_ = static_cast<std::uint32_t>(at);
  if (at > line_start_ && at - line_start_ > rules.line_bytes_max) {
    (void)on_line_end(at, rules, refusal);
    return HeadStatus::refused;
  }
  if (filled < rules.head_bytes_max) return HeadStatus::need_more;
  refusal = {431, "the head is too long"};
  return HeadStatus::refused;
}

// A byte outside of printable ASCII at `at`, which belongs to the line that starts at line_start_.
HeadLines::Line HeadLines::on_special(std::string_view buffer, std::size_t at,
                                      const HeadRules& rules, Refusal& refusal) {
  const char byte = buffer[at];
  if (byte == '\r') {
    if (at - line_start_ > rules.line_bytes_max) return on_line_end(at, rules, refusal);
    if (at + 1 == buffer.size()) return Line::wait;
    if (buffer[at + 1] == '\n') return on_line_end(at, rules, refusal);
    refusal = {400, "CR without LF in the head"};
    return Line::refused;
  }
  if (at - line_start_ > rules.line_bytes_max) return on_line_end(at, rules, refusal);
  if (byte == '\t') return Line::more;
  if (static_cast<unsigned char>(byte) >= 0x80) {
    if (rules.obs_text) return Line::more;
    refusal = {400, "byte above 0x7f in the head"};
  } else if (byte == '\n') {
    refusal = {400, "LF without CR in the head"};
  } else {
    refusal = {400, "control byte in the head"};
  }
  return Line::refused;
}

// The line that starts at line_start_ ends before `at` (or is known to be too long there).
HeadLines::Line HeadLines::on_line_end(std::size_t at, const HeadRules& rules, Refusal& refusal) {
  if (at - line_start_ > rules.line_bytes_max) {
    refusal = lines_ == 0 ? Refusal{414, "the request line is too long"}
                          : Refusal{431, "a field is too long"};
    return Line::refused;
  }
  if (at == line_start_) {
    line_start_ = static_cast<std::uint32_t>(at) + 2;
    if (lines_ > 0) return Line::last;
    if (at == 0) {
      first_ = 2;
      return Line::more;
    }
    refusal = {400, "empty request line"};
    return Line::refused;
  }
  if (lines_ > rules.fields_max) {
    refusal = {431, "too many fields"};
    return Line::refused;
  }
  ends_[lines_++] = static_cast<std::uint16_t>(at);
  line_start_ = static_cast<std::uint32_t>(at) + 2;
  return Line::more;
}

}  // namespace steelyard::net
