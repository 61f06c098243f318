#include "router/tokens/slice_hash.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
#if defined(__x86_64__)
#include <immintrin.h>
#include <xxh_x86dispatch.h>  // AVX2 or AVX-512 where the CPU has them
#endif

#include <cstring>

namespace steelyard::router {
namespace {

// A bijection of 128 bits (a Feistel network): every bit of the sum ends up in those the table
// looks at.
inline SliceKey spread(std::uint64_t low, std::uint64_t high) {
  const auto round = [](std::uint64_t half) {
    half *= 0x9E3779B97F4A7C15;
    return half ^ half >> 29;
  };
  high ^= round(low);
  low ^= round(high);
  return {low, high};
}

__extension__ typedef unsigned __int128 Wide;

std::uint64_t load(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// One step of NH: 16 bytes of the message, two words of the key.
Wide nh_step(const char* at, const std::uint64_t* key) {
  return static_cast<Wide>(load(at) + key[0]) * (load(at + 8) + key[1]);
}

#if defined(__x86_64__)
bool has_clmul() {
  return __builtin_cpu_supports("pclmul") > 0;
}
#else
bool has_clmul() {
  return false;
}
#endif

}  // namespace

SliceHash::SliceHash(const MemoSeed& seed) : carryless_(has_clmul()) {
  MemoSeed own = seed;
  XXH3_generateSecret(secret_.bytes.data(), secret_.bytes.size(), own.data(), own.size());
  own[0] ^= 1;  // independent of the other
  XXH3_generateSecret(key_.data(), sizeof key_, own.data(), own.size());
}

// Below 16 bytes, or above short_most.
SliceKey SliceHash::of_unusual(std::string_view slice, std::uint64_t about) const {
  if (slice.size() < 16) {
    std::array<char, 16> padded{};
    std::memcpy(padded.data(), slice.data(), slice.size());
    return with_nh(padded.data(), padded.size(), about);
  }
  const XXH128_hash_t hash = XXH3_128bits_withSecret(slice.data(), slice.size(),
                                                     secret_.bytes.data(), secret_.bytes.size());
  return {hash.low64 ^ (about & 0xFFFFFFFF) * 0xD6E8FEB86659FD93, hash.high64};
}

// The last step overlaps the one before it; with the length in the sum that stays injective.
SliceKey SliceHash::with_nh(const char* data, std::size_t size, std::uint64_t about) const {
  const std::uint64_t* key = key_.data();
  const char* const last = data + size - 16;
  Wide sum = static_cast<Wide>(about + key[words]) * key[words + 1];
  for (; data < last; data += 16, key += 2) sum += nh_step(data, key);
  sum += nh_step(last, key_.data() + words + 2);
  return spread(static_cast<std::uint64_t>(sum), static_cast<std::uint64_t>(sum >> 64));
}

#if defined(__x86_64__)
#define STEELYARD_CLMUL __attribute__((target("pclmul,sse4.1")))

namespace {

// 16 bytes of the message, 16 of the key: the product of their two halves.
STEELYARD_CLMUL inline __m128i clmul_step(const char* at, const std::uint64_t* key) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i sum = _mm_xor_si128(text, _mm_load_si128(reinterpret_cast<const __m128i*>(key)));
  return _mm_clmulepi64_si128(sum, sum, 0x10);
}

}  // namespace

STEELYARD_CLMUL SliceKey SliceHash::with_clmul(const char* data, std::size_t size,
                                               std::uint64_t about) const {
  const std::uint64_t* key = key_.data();
  const char* const last = data + size - 16;
  const __m128i head = _mm_xor_si128(_mm_cvtsi64_si128(static_cast<long long>(about)),
                                     _mm_load_si128(reinterpret_cast<const __m128i*>(key + words)));
  __m128i sum = _mm_clmulepi64_si128(head, head, 0x10);
  for (; last - data > 48; data += 64, key += 8) {
    sum = _mm_xor_si128(sum, clmul_step(data, key));
    sum = _mm_xor_si128(sum, clmul_step(data + 16, key + 2));
    sum = _mm_xor_si128(sum, clmul_step(data + 32, key + 4));
    sum = _mm_xor_si128(sum, clmul_step(data + 48, key + 6));
  }
  for (; data < last; data += 16, key += 2) sum = _mm_xor_si128(sum, clmul_step(data, key));
  sum = _mm_xor_si128(sum, clmul_step(last, key_.data() + words + 2));
  return spread(static_cast<std::uint64_t>(_mm_cvtsi128_si64(sum)),
                static_cast<std::uint64_t>(_mm_extract_epi64(sum, 1)));
}
#else
SliceKey SliceHash::with_clmul(const char* data, std::size_t size, std::uint64_t about) const {
  return with_nh(data, size, about);
}
#endif

}  // namespace steelyard::router
