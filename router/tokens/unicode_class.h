#pragma once
// The class of a code point as the piece patterns see it (Unicode 16.0), and UTF-8 decoding.
// Inline: the scanner calls these for every character that is not ASCII.
#include <cstddef>
#include <cstdint>

namespace steelyard::router {

// Order is that of scripts/make_unicode_classes.py.
enum class CharClass : std::uint8_t {
  other,       // controls, formats, unassigned
  upper,       // Lu, Lt
  lower,       // Ll
  caseless,    // Lm, Lo; not of script Han
  mark,        // M
  number,      // N; not of script Han
  space,       // White_Space but CR and LF
  newline,     // CR, LF
  sign,        // P, S; not of script Han
  han_letter,  // script Han: ideographs and their iteration marks
  han_number,
  han_sign,  // radicals
};
inline constexpr unsigned char_classes = 12;

namespace unicode_tables {
extern const std::uint16_t block_of[];           // by code >> 6
extern const std::uint8_t class_in_block[][64];  // by block, then code & 63
inline constexpr std::uint8_t class_bits = 15;
inline constexpr std::uint8_t may_compose = 16;  // normalisation form C may change it
}  // namespace unicode_tables

// Class and flags; `code` is at most 0x10FFFF.
inline std::uint8_t traits_of(std::uint32_t code) {
  const std::uint16_t block = unicode_tables::block_of[code >> 6];
  return unicode_tables::class_in_block[block][code & 63];
}
inline CharClass class_of(std::uint32_t code) {
  return static_cast<CharClass>(traits_of(code) & unicode_tables::class_bits);
}

struct Decoded {
  std::uint32_t code = 0xFFFD;
  std::uint16_t size = 1;  // bytes; of the maximal invalid part when not valid
  bool valid = true;
};

// The character at data[at] when it takes three bytes or more, or is not UTF-8; at < size.
Decoded decode_long(const unsigned char* data, std::size_t at, std::size_t size);

// The character at data[at]; at < size. Total: what is not UTF-8 is U+FFFD, one for each maximal
// invalid part.
inline Decoded decode_utf8(const unsigned char* data, std::size_t at, std::size_t size) {
  const unsigned char* here = data + at;
  const std::uint32_t lead = *here;
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t left = size - at;
  if (lead >= 0xE1 && lead <= 0xEC && left >= 3 && (here[1] & 0xC0) == 0x80 &&
      (here[2] & 0xC0) == 0x80) {
    return {(lead & 0x0F) << 12 | (here[1] & 0x3Fu) << 6 | (here[2] & 0x3Fu), 3, true};
  }
  if (lead >= 0xC2 && lead <= 0xDF && left >= 2 && (here[1] & 0xC0) == 0x80) {
    return {(lead & 0x1F) << 6 | (here[1] & 0x3Fu), 2, true};
  }
  return decode_long(data, at, size);
}

}  // namespace steelyard::router
