#pragma once
// Looking for the few bytes that matter in a long run of text, 64 at a time.
#include <bit>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace steelyard::dialect {

// Sixteen bytes of the inside of a JSON string, judged at once. Bit i belongs to byte i.
struct StringBlock {
  unsigned special;  // a quote, a backslash or a control character
  unsigned high;     // 0x80 and above: UTF-8 to be checked
};
#if defined(__SSE2__)
inline StringBlock string_block(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // With bit 1 turned over the quote (0x22) becomes 0x20 and the space 0x22; control characters
  // stay below 0x20.
  const __m128i turned = _mm_xor_si128(bytes, _mm_set1_epi8(2));
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(turned, _mm_set1_epi8(0x20)), turned);
  const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return {static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, slash))),
          static_cast<unsigned>(_mm_movemask_epi8(bytes))};
}
#endif

// The first quote, backslash or control character (below 0x20) at or after p, or end. `high`
// becomes true if a byte before it is 0x80 or above; it is never made false.
const char* find_special(const char* p, const char* end, bool& high);

// How many decimal digits begin at p; 16 means 16 or more.
inline int digits_at(const char* p, const char* end) {
#if defined(__SSE2__)
  if (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
    return std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(digits)));
  }
#endif
  int count = 0;
  while (count < 16 && p + count < end && p[count] >= '0' && p[count] <= '9') ++count;
  return count;
}

// Is it UTF-8? (No overlong forms, no surrogates, nothing above U+10FFFF.)
bool is_utf8(std::string_view text);

}  // namespace steelyard::dialect
