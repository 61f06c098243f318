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
#pragma clang attribute push(                                                                  \
    __attribute__((                                                                            \
        target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt"))), \
    apply_to = function)
#else
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of g++ 12 in its own headers
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt")
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
  put(_mm512_castsi512_si128(packed), 0);
  if (__builtin_popcountll(bits) <= 16) return;
  put(_mm512_extracti32x4_epi32(packed, 1), 16);
  if (__builtin_popcountll(bits) <= 32) return;
  put(_mm512_extracti32x4_epi32(packed, 2), 32);
  put(_mm512_extracti32x4_epi32(packed, 3), 48);
}

// load_key, hash_of and home_of of four pieces, each a quarter of a vector. Of a piece above 15
// bytes the key ends with 16, which no table holds.
inline void ask_four(const Vocabulary& vocabulary, const unsigned char* data, const Pieces& pieces,
                     std::size_t i, Lookups& out) {
  const std::uint32_t* const edge = &pieces.edge[i];
  const auto piece = [&](int k) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + edge[k]));
  };
  const auto offsets = [&](int k) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(edge + k));
  };
  const __m256i first = _mm256_inserti128_si256(_mm256_castsi128_si256(piece(0)), piece(1), 1);
  const __m256i second = _mm256_inserti128_si256(_mm256_castsi128_si256(piece(2)), piece(3), 1);
  const __m512i bytes = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  const __m128i sizes = _mm_min_epu32(_mm_sub_epi32(offsets(1), offsets(0)), _mm_set1_epi32(16));
  const __m512i spread = _mm512_shuffle_epi8(
      _mm512_broadcast_i32x4(sizes),
      _mm512_set_epi64(0x0C0C0C0C0C0C0C0C, 0x0C0C0C0C0C0C0C0C, 0x0808080808080808,
                       0x0808080808080808, 0x0404040404040404, 0x0404040404040404, 0, 0));
  const __m512i index =
      _mm512_broadcast_i32x4(_mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  const __m512i cut = _mm512_maskz_mov_epi8(_mm512_cmplt_epu8_mask(index, spread), bytes);
  const __m512i keys = _mm512_mask_mov_epi8(cut, 0x8000800080008000, spread);
  _mm512_store_si512(&out.key[i], keys);
  const __m512i part = _mm512_mullo_epi64(
      keys, _mm512_broadcast_i32x4(_mm_set_epi64x(static_cast<long long>(hash_high), 1)));
  const __m512i fold = _mm512_xor_si512(part, _mm512_shuffle_epi32(part, _MM_PERM_BADC));
  const __m512i hash =
      _mm512_mullo_epi64(fold, _mm512_set1_epi64(static_cast<long long>(hash_all)));
  const __m512i home =
      _mm512_srl_epi64(hash, _mm_cvtsi32_si128(static_cast<int>(vocabulary.line_shift())));
  const __m512i packed = _mm512_permutexvar_epi64(_mm512_set_epi64(0, 0, 0, 0, 6, 4, 2, 0), home);
  _mm256_store_si256(reinterpret_cast<__m256i*>(&out.line[i]), _mm512_castsi512_si256(packed));
}

inline std::uint8_t hits(const PieceLine& line, const PieceKey& key) {
  const __m512i wanted =
      _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(&key)));
  return static_cast<std::uint8_t>(_mm512_cmpeq_epi64_mask(_mm512_load_si512(&line), wanted));
}

inline std::uint64_t missed_of(const std::uint8_t* hits) {
  const __m512i found = _mm512_loadu_si512(hits);
  const __m512i both = _mm512_and_si512(found, _mm512_srli_epi16(found, 1));
  return _mm512_testn_epi8_mask(both, _mm512_set1_epi8(0x55));
}

#include "router/tokens/scan_blocks.inc"
// behind it
#include "router/tokens/batch_blocks.inc"

}  // namespace avx512

ScanFunction avx512_scanner(PatternId id) {
  return avx512::scanner(id);
}

BatchFunction avx512_batcher(PatternId id) {
  return avx512::batcher(id);
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
BatchFunction avx512_batcher(PatternId) {
  return nullptr;
}
}  // namespace steelyard::router::scan_detail
#endif
