// The block scanner with AVX-512: one vector of 64 bytes, positions by compression (VBMI2).
#include <array>
#include <cstdint>

#include "router/tokens/ascii_scan.h"
#include "router/tokens/probe.h"
#include "router/tokens/scanner.h"
#include "router/tokens/unicode_class.h"

#if defined(__x86_64__)
#include <immintrin.h>

// To the end of the file, so that templates made there have it too.
#if defined(__clang__)
#pragma clang attribute push(                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt"))), \
    apply_to = function)
#else
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of g++ 12 in its own headers
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt")
#endif

namespace steelyard::router::scan_detail {
namespace avx512 {

struct Bytes {
  explicit Bytes(const unsigned char* at) : all(_mm512_loadu_si512(at)) {}

  static __m512i spread(int byte) { return _mm512_set1_epi8(static_cast<char>(byte)); }

  std::uint64_t high() const { return _mm512_movepi8_mask(all); }
  std::uint64_t equal(int byte) const { return _mm512_cmpeq_epi8_mask(all, spread(byte)); }
  template <int first, int last>
  std::uint64_t in() const {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(all, spread(first)), spread(last - first));
  }
  std::uint64_t letters() const {
    const __m512i folded = _mm512_or_si512(all, spread(0x20));
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(folded, spread('a')), spread(25));
  }
  std::uint64_t bit5() const { return _mm512_test_epi8_mask(all, spread(0x20)); }

  __m512i all;
};

inline void flatten(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
  const __m512i index = _mm512_set_epi8(
      63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
      40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
      17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i packed = _mm512_maskz_compress_epi8(bits, index);
  const __m512i offset = _mm512_set1_epi32(static_cast<int>(base));
  const auto put = [&](__m128i sixteen, int at) {
    _mm512_storeu_si512(out + at, _mm512_add_epi32(offset, _mm512_cvtepu8_epi32(sixteen)));
  };
  const int count = __builtin_popcountll(bits);
  put(_mm512_castsi512_si128(packed), 0);
  if (count <= 16) return;
  put(_mm512_extracti32x4_epi32(packed, 1), 16);
  if (count <= 32) return;
  put(_mm512_extracti32x4_epi32(packed, 2), 32);
  put(_mm512_extracti32x4_epi32(packed, 3), 48);
}

inline bool matches(const PieceLine& line, const PieceKey& key) {
  const __m512i wanted =
      _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(&key)));
  const unsigned halves = _mm512_cmpeq_epi64_mask(_mm512_load_si512(&line), wanted);
  return (halves & halves >> 1 & 0x55) != 0;
}

#include "router/tokens/scan_blocks.inc"

}  // namespace avx512

ScanFunction avx512_scanner(PatternId id) {
  return avx512::scanner(id);
}

std::size_t probe_avx512(const Vocabulary& vocabulary, const ScanText& text, std::size_t from,
                         const Pieces& pieces, std::size_t count, Lookups& out) {
  return avx512::probe(vocabulary, text, from, pieces, count, out);
}

}  // namespace steelyard::router::scan_detail

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
namespace steelyard::router::scan_detail {
ScanFunction avx512_scanner(PatternId) {
  return nullptr;
}
}  // namespace steelyard::router::scan_detail
#endif
