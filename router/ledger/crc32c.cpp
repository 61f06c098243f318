#include "router/ledger/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace steelyard::router {

namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: the effect of byte b followed by k zero bytes.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = crc >> 8 ^ tables[0][crc & 0xFF];
    }
  return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse(std::uint32_t crc, const void* data,
                                                           std::size_t size) {
  const char* at = static_cast<const char*>(data);
  std::uint64_t state = static_cast<std::uint32_t>(~crc);
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  std::uint32_t rest = static_cast<std::uint32_t>(state);
  if (size >= 4) {
    std::uint32_t word;
    std::memcpy(&word, at, 4);
    rest = _mm_crc32_u32(rest, word);
    at += 4;
    size -= 4;
  }
  for (; size > 0; ++at, --size) rest = _mm_crc32_u8(rest, static_cast<unsigned char>(*at));
  return ~rest;
}

const bool kHasInstruction = [] {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") != 0;
}();
#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) {
  const unsigned char* at = static_cast<const unsigned char*>(data);
  std::uint32_t state = ~crc;
  for (; size >= 8; at += 8, size -= 8) {
    std::array<std::uint32_t, 8> b;
    for (std::size_t i = 0; i < 8; ++i) b[i] = at[i];
    for (std::size_t i = 0; i < 4; ++i) b[i] ^= state >> (8 * i) & 0xFF;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][b[i]];
  }
  for (; size > 0; ++at, --size) state = state >> 8 ^ kTables[0][(state ^ *at) & 0xFF];
  return ~state;
}

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) {
#if defined(__x86_64__)
  if (kHasInstruction) return crc32c_sse(crc, data, size);
#endif
  return crc32c_portable(crc, data, size);
}

}  // namespace steelyard::router
