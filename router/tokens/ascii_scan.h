#pragma once
// Words of eight ASCII bytes at a time, in plain 64-bit arithmetic: any CPU, no intrinsics.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace steelyard::router::ascii {

static_assert(std::endian::native == std::endian::little, "first byte is taken from the low bits");

inline constexpr std::uint64_t ones = 0x0101010101010101;
inline constexpr std::uint64_t tops = 0x8080808080808080;

inline std::uint64_t load8(const unsigned char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Top bit of each byte that is not in [first, last]; both ASCII.
template <unsigned char first, unsigned char last>
inline std::uint64_t outside(std::uint64_t word) {
  const std::uint64_t low = word & ~tops;
  const std::uint64_t at_least = low + ones * (0x80 - first);
  const std::uint64_t above = low + ones * (0x7F - last);
  return (~at_least | above | word) & tops;
}

// End of the run of [first, last] that starts at `at`; `none` when it may go on past `size` - 8.
inline constexpr std::size_t none = ~std::size_t{0};
template <unsigned char first, unsigned char last>
inline std::size_t run_end(const unsigned char* data, std::size_t at, std::size_t size) {
  while (at + 8 <= size) {
    const std::uint64_t stop = outside<first, last>(load8(data + at));
    if (stop != 0) return at + static_cast<std::size_t>(std::countr_zero(stop) >> 3);
    at += 8;
  }
  return none;
}

// Bytes of the ASCII contraction at `at` (an apostrophe, `left` bytes readable), 0 if there is
// none.
inline std::size_t contraction_size(const unsigned char* at, std::size_t left) {
  if (left < 2) return 0;
  const unsigned char first = at[1] | 0x20;
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (left < 3) return 0;
  const unsigned char second = at[2] | 0x20;
  const bool two = second == 'e' ? first == 'r' || first == 'v' : second == 'l' && first == 'l';
  return two ? 3 : 0;
}

}  // namespace steelyard::router::ascii
