#pragma once
// Byte classes, sixteen bytes at a time where the processor has SSE2 (every x86-64), else one by
// one. Heads are short: measured, wider vectors with a dispatch cost more than they save.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace steelyard::net::bytes {

inline constexpr std::size_t block = 16;

// RFC 9110 5.6.2: tchar.
inline constexpr std::array<bool, 256> token_table = [] {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (const char c :
       {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();
inline bool is_token(char c) {
  return token_table[static_cast<unsigned char>(c)];
}

// SP, HTAB and visible ASCII: all a field value may hold here.
inline bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte < 0x7f) || byte == '\t';
}
inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
// Bit i is set if byte i of the sixteen at `p` is printable ASCII: SP to '~'.
inline std::uint32_t printable_mask(const char* p) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // One up, so that DEL overflows: a signed comparison then tests both ends of the range.
  const __m128i shifted = _mm_add_epi8(text, _mm_set1_epi8(1));
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_cmpgt_epi8(shifted, _mm_set1_epi8(0x20))));
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < block; ++i) {
    mask |= static_cast<std::uint32_t>(p[i] >= 0x20 && p[i] < 0x7f) << i;
  }
  return mask;
#endif
}

#if defined(__SSE2__)
// 0xff where a byte is a letter, a digit or '-'.
inline __m128i plain_bytes(__m128i text) {
  // Shift each range up against 127, so that one signed comparison tests both its ends.
  const __m128i folded = _mm_or_si128(text, _mm_set1_epi8(0x20));
  const __m128i letter =
      _mm_cmpgt_epi8(_mm_add_epi8(folded, _mm_set1_epi8(127 - 'z')), _mm_set1_epi8(127 - 26));
  const __m128i digit =
      _mm_cmpgt_epi8(_mm_add_epi8(text, _mm_set1_epi8(127 - '9')), _mm_set1_epi8(127 - 10));
  const __m128i dash = _mm_cmpeq_epi8(text, _mm_set1_epi8('-'));
  return _mm_or_si128(_mm_or_si128(letter, digit), dash);
}
#else
inline bool is_plain(char c) {
  const auto folded = static_cast<unsigned char>(c | 0x20);
  return (folded >= 'a' && folded <= 'z') || is_digit(c) || c == '-';
}
#endif

// Bit i is set unless byte i of the sixteen at `p` is a letter, a digit or '-': the rest of tchar
// is left to the table, as it is rare in names.
inline std::uint32_t not_name_mask(const char* p) {
#if defined(__SSE2__)
  const __m128i plain = plain_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(plain)) ^ 0xffffu;
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < block; ++i) mask |= static_cast<std::uint32_t>(!is_plain(p[i])) << i;
  return mask;
#endif
}

// The same for host names: letters, digits, '-', '.' and '_' (service names of containers).
inline std::uint32_t not_host_mask(const char* p) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i more = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')),
                                    _mm_cmpeq_epi8(text, _mm_set1_epi8('_')));
  const __m128i host = _mm_or_si128(plain_bytes(text), more);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(host)) ^ 0xffffu;
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < block; ++i) {
    mask |= static_cast<std::uint32_t>(!is_plain(p[i]) && p[i] != '.' && p[i] != '_') << i;
  }
  return mask;
#endif
}

// Bit i is set if byte i of the sixteen at `p` is SP, TAB or '#': never part of a request target.
inline std::uint32_t not_target_mask(const char* p) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i blank = _mm_cmplt_epi8(text, _mm_set1_epi8(0x21));
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(blank, _mm_cmpeq_epi8(text, _mm_set1_epi8('#')))));
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < block; ++i) {
    mask |= static_cast<std::uint32_t>(static_cast<signed char>(p[i]) < 0x21 || p[i] == '#') << i;
  }
  return mask;
#endif
}

template <class Word>
inline Word load(const char* p) {
  Word word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// `count` (2, 4 or 8) bytes, the first in the lowest place; also at compile time.
constexpr std::uint64_t load_word(const char* p, std::size_t count) {
  if (std::is_constant_evaluated()) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
    }
    return word;
  }
  static_assert(std::endian::native == std::endian::little);
  if (count == 8) return load<std::uint64_t>(p);
  return count == 4 ? load<std::uint32_t>(p) : load<std::uint16_t>(p);
}

// Compares `bytes` bytes of a head's text (no CR in it) with lower-case letters, digits and '-':
// setting bit 5 maps nothing else but CR and the upper-case letters onto those.
inline bool same_name(const char* name, const char* lower, std::size_t bytes) {
  constexpr std::uint64_t fold = 0x2020202020202020u;
  if (bytes >= 8) {
    for (std::size_t i = 0; i + 8 < bytes; i += 8) {
      if ((load_word(name + i, 8) | fold) != load_word(lower + i, 8)) return false;
    }
    return (load_word(name + bytes - 8, 8) | fold) == load_word(lower + bytes - 8, 8);
  }
  for (std::size_t i = 0; i < bytes; ++i) {
    if ((name[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

}  // namespace steelyard::net::bytes
