#include "gateway/dialect/text_scan.h"

#include <simdjson.h>

#include <bit>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace steelyard::dialect {
namespace {

const char* find_bytewise(const char* p, const char* end, bool& high) {
  for (; p < end; ++p) {
    const auto c = static_cast<unsigned char>(*p);
    if (c < 0x20 || c == '"' || c == '\\') break;
    high = high || c >= 0x80;
  }
  return p;
}

#if defined(__SSE2__)

const char* find_by_16(const char* p, const char* end, bool& high) {
  for (; end - p >= 16; p += 16) {
    const StringBlock block = string_block(p);
    if (block.special != 0) {
      const int at = std::countr_zero(block.special);
      high = high || (block.high & ((1u << at) - 1)) != 0;
      return p + at;
    }
    high = high || block.high != 0;
  }
  return find_bytewise(p, end, high);
}

// As string_block(), for 32.
__attribute__((target("avx2"))) inline __m256i special_of(__m256i bytes) {
  const __m256i turned = _mm256_xor_si256(bytes, _mm256_set1_epi8(2));
  const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(turned, _mm256_set1_epi8(0x20)), turned);
  return _mm256_or_si256(low, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')));
}

__attribute__((target("avx2"))) inline const char* find_by_32(const char* p, const char* end,
                                                              bool& high) {
  for (; end - p >= 32; p += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const auto special = static_cast<unsigned>(_mm256_movemask_epi8(special_of(bytes)));
    const auto above = static_cast<unsigned>(_mm256_movemask_epi8(bytes));
    if (special != 0) {
      const int at = std::countr_zero(special);
      high = high || (above & ((1u << at) - 1)) != 0;
      return p + at;
    }
    high = high || above != 0;
  }
  return find_by_16(p, end, high);
}

// As string_block(), for 128 at once: of what is compared only the least matters.
__attribute__((target("avx2"))) const char* find_by_128(const char* p, const char* end,
                                                        bool& high) {
  const __m256i quote_to_space = _mm256_set1_epi8(2), slash = _mm256_set1_epi8('\\');
  const __m256i space = _mm256_set1_epi8(0x20);
  __m256i seen = _mm256_setzero_si256();
  for (; end - p >= 128; p += 128) {
    const auto load = [p](int at) __attribute__((target("avx2"))) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + at));
    };
    const __m256i a = load(0), b = load(32), c = load(64), d = load(96);
    const auto least = [](__m256i x, __m256i y, __m256i z, __m256i w, __m256i turn)
        __attribute__((target("avx2"))) {
      const __m256i left = _mm256_min_epu8(_mm256_xor_si256(x, turn), _mm256_xor_si256(y, turn));
      return _mm256_min_epu8(left,
                             _mm256_min_epu8(_mm256_xor_si256(z, turn), _mm256_xor_si256(w, turn)));
    };
    // Nothing at or below a space, and nothing equal to a backslash: both differences above zero.
    const __m256i low = _mm256_subs_epu8(least(a, b, c, d, quote_to_space), space);
    const __m256i none = _mm256_min_epu8(low, least(a, b, c, d, slash));
    const __m256i special = _mm256_cmpeq_epi8(none, _mm256_setzero_si256());
    if (_mm256_testz_si256(special, special) == 0) break;  // smaller steps find where
    seen = _mm256_or_si256(_mm256_or_si256(seen, _mm256_or_si256(a, b)), _mm256_or_si256(c, d));
  }
  high = high || _mm256_movemask_epi8(seen) != 0;
  return find_by_32(p, end, high);
}

using Find = const char* (*)(const char*, const char*, bool&);
const Find find_long = __builtin_cpu_supports("avx2") ? find_by_128 : find_by_16;

#endif

}  // namespace

const char* find_special(const char* p, const char* end, bool& high) {
#if defined(__SSE2__)
  return end - p >= 128 ? find_long(p, end, high) : find_by_16(p, end, high);
#else
  return find_bytewise(p, end, high);
#endif
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace steelyard::dialect
