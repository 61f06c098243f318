#include "gateway/dialect/hub_citation.h"

namespace steelyard::dialect::hub {
namespace {

struct Character {
  std::size_t size = 1;     // escaped
  std::int64_t points = 1;  // 0: goes on with the one before
  std::int64_t bytes = 1;
};

std::uint32_t hex_at(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    const char digit = static_cast<char>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value << 4 | (static_cast<std::uint32_t>(digit) & 15u);
  }
  return value;
}

// The character, or the piece of one, at `at`: a readable escape, or one byte of UTF-8.
Character character_at(std::string_view text, std::size_t at) {
  if (text[at] != '\\') {
    const auto byte = static_cast<unsigned char>(text[at]);
    return {1, (byte & 0xC0u) == 0x80u ? 0 : 1, 1};
  }
  if (at + 1 >= text.size()) return {1, 0, 0};
  if (text[at + 1] != 'u') return {2, 1, 1};
  if (at + 6 > text.size()) return {text.size() - at, 0, 0};
  const std::uint32_t unit = hex_at(text, at + 2);
  if (unit >= 0xDC00u && unit < 0xE000u) return {6, 0, 2};  // the second half of four bytes
  if (unit >= 0xD800u && unit < 0xDC00u) return {6, 1, 2};
  return {6, 1, unit < 0x80u ? 1 : unit < 0x800u ? 2 : 3};
}

}  // namespace

bool has_place(Wire client, const Citation& citation) {
  const bool placed = citation.place != SourcePlace::none;
  switch (client) {
    case Wire::anthropic: return placed || !citation.url.empty();
    case Wire::openai_responses: return !citation.url.empty() || !citation.file_id.empty();
    case Wire::gemini:
      return !citation.url.empty() || !citation.title.empty() || !citation.quote.empty();
    case Wire::openai_chat: return !citation.url.empty();
    case Wire::converse: return false;
  }
  return false;
}

std::int64_t length_in(TextUnit unit, std::string_view escaped) {
  std::int64_t length = 0;
  for (std::size_t at = 0; at < escaped.size();) {
    const Character c = character_at(escaped, at);
    length += unit == TextUnit::bytes ? c.bytes : c.points;
    at += c.size;
  }
  return length;
}

std::size_t offset_after(TextUnit unit, std::int64_t count, std::string_view escaped) {
  std::size_t at = 0;
  while (at < escaped.size()) {
    const Character c = character_at(escaped, at);
    const std::int64_t here = unit == TextUnit::bytes ? c.bytes : c.points;
    // Pieces of a character that has begun go with it.
    if (count <= 0 && !(unit == TextUnit::code_points && c.points == 0)) break;
    count -= here;
    at += c.size;
  }
  return at;
}

}  // namespace steelyard::dialect::hub
