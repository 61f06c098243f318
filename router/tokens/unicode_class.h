#pragma once
// The class of a code point as the o200k piece pattern sees it (Unicode 16.0), and UTF-8 decoding.
// Inline: the scanner calls these for every character that is not ASCII.
#include <cstddef>
#include <cstdint>

namespace steelyard::router {

// Order is that of scripts/make_unicode_classes.py.
enum class CharClass : std::uint8_t {
  other,     // punctuation, symbols, controls, unassigned, and bytes that are not UTF-8
  upper,     // Lu, Lt
  lower,     // Ll
  caseless,  // Lm, Lo
  mark,      // M
  number,    // N
  space,     // White_Space but CR and LF
  newline,   // CR, LF
};

namespace unicode_tables {
extern const std::uint16_t block_of[];           // by code >> 6
extern const std::uint8_t class_in_block[][64];  // by block, then code & 63
}  // namespace unicode_tables

// `code` is at most 0x10FFFF.
inline CharClass class_of(std::uint32_t code) {
  const std::uint16_t block = unicode_tables::block_of[code >> 6];
  return static_cast<CharClass>(unicode_tables::class_in_block[block][code & 63]);
}

struct Decoded {
  std::uint32_t size = 1;  // bytes; of the maximal invalid part when not valid
  CharClass kind = CharClass::other;
  bool valid = true;
};

// The character at data[at] when it takes three bytes or more, or is not UTF-8; at < size.
Decoded decode_long(const unsigned char* data, std::size_t at, std::size_t size);

// The character at data[at]; at < size. Total.
inline Decoded decode_utf8(const unsigned char* data, std::size_t at, std::size_t size) {
  const unsigned char* here = data + at;
  const std::uint32_t lead = *here;
  if (lead < 0x80) return {1, class_of(lead), true};
  const std::size_t left = size - at;
  if (lead >= 0xE1 && lead <= 0xEC && left >= 3 && (here[1] & 0xC0) == 0x80 &&
      (here[2] & 0xC0) == 0x80) {
    return {3, class_of((lead & 0x0F) << 12 | (here[1] & 0x3Fu) << 6 | (here[2] & 0x3Fu)), true};
  }
  if (lead >= 0xC2 && lead <= 0xDF && left >= 2 && (here[1] & 0xC0) == 0x80) {
    return {2, class_of((lead & 0x1F) << 6 | (here[1] & 0x3Fu)), true};
  }
  return decode_long(data, at, size);
}

}  // namespace steelyard::router
