#pragma once
// Decimal digits by threes: what heads and receipts are full of. Each function writes at `out`,
// returns one past the digits, and may scribble one byte behind them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace steelyard {

// "00" to "99", one after the other.
inline constexpr auto decimal_pairs = [] {
  std::array<char, 200> out{};
  for (std::size_t i = 0; i < 100; ++i) {
    out[2 * i] = static_cast<char>('0' + i / 10);
    out[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return out;
}();

// "000" to "999"; in the fourth byte eight times the number of leading zeros (of 0, two count).
inline constexpr auto decimal_triples = [] {
  std::array<std::uint32_t, 1000> out{};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::uint32_t zeros = i < 10 ? 2 : i < 100 ? 1 : 0;
    out[i] = ('0' + i / 100) | ('0' + i / 10 % 10) << 8 | ('0' + i % 10) << 16 | zeros << 27;
  }
  return out;
}();

// Exactly three digits; without leading zeros, one to three.
inline char* put_three(char* out, std::uint64_t below_1000) {
  std::memcpy(out, &decimal_triples[below_1000], 4);
  return out + 3;
}
inline char* put_first(char* out, std::uint64_t below_1000) {
  const std::uint32_t triple = decimal_triples[below_1000];
  const std::uint32_t bits = triple >> 24;
  const std::uint32_t text = triple >> bits;
  std::memcpy(out, &text, 4);
  return out + 3 - bits / 8;
}

// Exactly two, nine decimal digits, leading zeros kept.
inline char* put_two(char* out, std::uint32_t below_100) {
  std::memcpy(out, decimal_pairs.data() + 2 * below_100, 2);
  return out + 2;
}
inline char* put_nine(char* out, std::uint32_t below_1e9) {
  const std::uint32_t thousands = below_1e9 / 1000;
  out = put_three(out, thousands / 1000);
  out = put_three(out, thousands % 1000);
  return put_three(out, below_1e9 % 1000);
}

}  // namespace steelyard
