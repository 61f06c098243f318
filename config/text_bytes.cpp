#include "config/text_bytes.h"

namespace steelyard {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Length of the UTF-8 sequence at `i`, 0 when it is not one (RFC 3629).
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const unsigned char lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 && lead <= 0xF4   ? 4
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xC2 && lead <= 0xDF ? 2
                                                            : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
  }
  const unsigned char next = byte_at(text, i + 1);
  if (lead == 0xE0 && next < 0xA0) return 0;  // overlong
  if (lead == 0xED && next > 0x9F) return 0;  // surrogate
  if (lead == 0xF0 && next < 0x90) return 0;  // overlong
  if (lead == 0xF4 && next > 0x8F) return 0;  // above U+10FFFF
  return length;
}

// C0 but tab and line breaks, DEL, and C1 (U+0080 to U+009F: terminals obey some of them).
bool control_at(std::string_view text, std::size_t i, std::size_t length) {
  const unsigned char c = byte_at(text, i);
  if (length == 1) return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
  return length == 2 && c == 0xC2 && byte_at(text, i + 1) < 0xA0;
}

}  // namespace

std::optional<BadByte> find_bad_byte(std::string_view text) {
  std::uint32_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0 || control_at(text, i, length)) {
      return BadByte{line, static_cast<std::uint32_t>(i - line_start + 1), length != 0};
    }
    if (text[i] == '\n') {
      ++line;
      line_start = i + 1;
    }
    i += length;
  }
  return std::nullopt;
}

}  // namespace steelyard
