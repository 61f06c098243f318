// The block scanner with AVX2: two vectors of 32 bytes.
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
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))), \
                             apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")
#endif

namespace steelyard::router::scan_detail {
namespace avx2 {

struct Bytes {
  explicit Bytes(const unsigned char* at)
      : low(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))),
        top(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))) {}

  static std::uint64_t join(__m256i a, __m256i b) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(a)) |
           static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(b))) << 32;
  }
  static __m256i all(int byte) { return _mm256_set1_epi8(static_cast<char>(byte)); }
  static __m256i at_most(__m256i bytes, int most) {
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, all(most)), bytes);
  }

  std::uint64_t high() const { return join(low, top); }
  std::uint64_t equal(int byte) const {
    return join(_mm256_cmpeq_epi8(low, all(byte)), _mm256_cmpeq_epi8(top, all(byte)));
  }
  template <int first, int last>
  std::uint64_t in() const {
    return join(at_most(_mm256_sub_epi8(low, all(first)), last - first),
                at_most(_mm256_sub_epi8(top, all(first)), last - first));
  }
  std::uint64_t letters() const {
    const __m256i a = _mm256_sub_epi8(_mm256_or_si256(low, all(0x20)), all('a'));
    const __m256i b = _mm256_sub_epi8(_mm256_or_si256(top, all(0x20)), all('a'));
    return join(at_most(a, 25), at_most(b, 25));
  }
  std::uint64_t bit5() const { return join(_mm256_slli_epi16(low, 2), _mm256_slli_epi16(top, 2)); }

  __m256i low, top;
};

// Eight at a time: what is written beyond the count does not matter.
inline void flatten(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
  while (bits != 0) {
    for (int i = 0; i < 8; ++i) {
      out[i] = base + static_cast<std::uint32_t>(_tzcnt_u64(bits));
      bits = _blsr_u64(bits);
    }
    out += 8;
  }
}

inline void ask_four(const Vocabulary& vocabulary, const unsigned char* data, const Pieces& pieces,
                     std::size_t i, Lookups& out) {
  const std::uint32_t* const edge = &pieces.edge[i];
  for (int k = 0; k < 4; ++k) {
    const PieceKey key = load_key(data + edge[k], edge[k + 1] - edge[k]);
    out.key[i + k] = key;
    out.line[i + k] = vocabulary.home_of(hash_of(key));
  }
}

inline std::uint8_t hits(const PieceLine& line, const PieceKey& key) {
  const auto* slots = reinterpret_cast<const __m256i*>(&line);
  const __m256i wanted =
      _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(&key)));
  const auto same = [&](const __m256i* at) {
    const __m256i equal = _mm256_cmpeq_epi64(_mm256_load_si256(at), wanted);
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
  };
  return static_cast<std::uint8_t>(same(slots) | same(slots + 1) << 4);
}

inline std::uint64_t missed_of(const std::uint8_t* hits) {
  const auto half = [&](int at) {
    const __m256i found = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(hits + at));
    const __m256i both = _mm256_and_si256(_mm256_and_si256(found, _mm256_srli_epi16(found, 1)),
                                          _mm256_set1_epi8(0x55));
    return _mm256_cmpeq_epi8(both, _mm256_setzero_si256());
  };
  return Bytes::join(half(0), half(32));
}

#include "router/tokens/scan_blocks.inc"
// behind it
#include "router/tokens/batch_blocks.inc"

}  // namespace avx2

ScanFunction avx2_scanner(PatternId id) {
  return avx2::scanner(id);
}

BatchFunction avx2_batcher(PatternId id) {
  return avx2::batcher(id);
}

}  // namespace steelyard::router::scan_detail

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
namespace steelyard::router::scan_detail {
ScanFunction avx2_scanner(PatternId) {
  return nullptr;
}
BatchFunction avx2_batcher(PatternId) {
  return nullptr;
}
}  // namespace steelyard::router::scan_detail
#endif
