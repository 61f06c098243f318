#pragma once
// JSON pieces into a buffer that is known to be large enough: each function writes at `out` and
// returns one past what it wrote. For the one line that is written per request, where JsonWriter's
// checks would cost more than the writing. The caller owns the arithmetic: a piece never exceeds
// its stated bound, and every function may scribble up to put_slack bytes behind what it returns.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace steelyard::telemetry {

inline constexpr std::size_t put_slack = 32;
inline constexpr std::size_t number_bytes_max = 20;  // of an int64: -9223372036854775808

// A literal, of any content.
template <std::size_t N>
inline char* put(char* out, const char (&literal)[N]) {
  std::memcpy(out, literal, N - 1);
  return out + N - 1;
}

inline char* put_boolean(char* out, bool value) {
  std::memcpy(out, value ? "true\0\0\0" : "false\0\0", 8);
  return out + 5 - static_cast<int>(value);
}

// Words of ours that need no escaping: names of enums, at most 32 bytes.
inline char* put_word(char* out, const char* word) {
  while (*word != 0) *out++ = *word++;
  return out;
}

// "00" to "99", one after the other.
inline constexpr auto decimal_pairs = [] {
  std::array<char, 200> out{};
  for (std::size_t i = 0; i < 100; ++i) {
    out[2 * i] = static_cast<char>('0' + i / 10);
    out[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return out;
}();

// The eight decimal digits of a number below 10^8, the first in the lowest byte, as numbers 0 to 9.
// Halves, quarters and eighths of the word are split in parallel; the multipliers are reciprocals
// of 100 and 10, exact in their ranges.
constexpr std::uint64_t eight_digits(std::uint32_t below_1e8) {
  const std::uint64_t fours = below_1e8 / 10'000 | static_cast<std::uint64_t>(below_1e8 % 10'000)
                                                       << 32;
  const std::uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000'007F'0000'007F;
  const std::uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
  const std::uint64_t tens = (twos * 103 >> 10) & 0x000F'000F'000F'000F;
  return tens | (twos - 10 * tens) << 8;
}
inline constexpr std::uint64_t eight_zeros = 0x3030'3030'3030'3030;

char* put_number_long(char* out, std::uint64_t value);  // value >= 100
inline char* put_number(char* out, std::int64_t value) {
  auto magnitude = static_cast<std::uint64_t>(value);
  if (magnitude < 10) {
    *out = static_cast<char>('0' + magnitude);
    return out + 1;
  }
  if (magnitude < 100) {
    std::memcpy(out, decimal_pairs.data() + 2 * magnitude, 2);
    return out + 2;
  }
  if (value < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
    if (magnitude < 100) return put_number(out, static_cast<std::int64_t>(magnitude));
  }
  return put_number_long(out, magnitude);
}

// Exactly two, eight, nine decimal digits, leading zeros kept.
inline char* put_two(char* out, std::uint32_t below_100) {
  std::memcpy(out, decimal_pairs.data() + 2 * below_100, 2);
  return out + 2;
}
inline char* put_eight(char* out, std::uint32_t below_1e8) {
  const std::uint64_t text = eight_digits(below_1e8) | eight_zeros;
  std::memcpy(out, &text, 8);
  return out + 8;
}
inline char* put_nine(char* out, std::uint32_t below_1e9) {
  *out = static_cast<char>('0' + below_1e9 / 100'000'000);
  return put_eight(out + 1, below_1e9 % 100'000'000);
}
char* put_hex(char* out, std::uint64_t value);  // sixteen digits

// The inside of a JSON string: escaped, valid UTF-8, at most `bytes_max` bytes, cut between
// characters.
char* put_text(char* out, std::string_view text, std::size_t bytes_max);

// A JSON string, or null when empty: at most bytes_max + 2 bytes (and 4).
inline char* put_string(char* out, std::string_view text, std::size_t bytes_max) {
  if (text.empty()) return put(out, "null");
  *out = '"';
  out = put_text(out + 1, text, bytes_max);
  *out = '"';
  return out + 1;
}

// A literal (the key with its comma, quotes and colon) and its value.
template <std::size_t N>
inline char* put(char* out, const char (&key)[N], std::int64_t value) {
  return put_number(put(out, key), value);
}
template <std::size_t N>
inline char* put_flag(char* out, const char (&key)[N], bool value) {
  return put_boolean(put(out, key), value);
}
template <std::size_t N>
inline char* put(char* out, const char (&key)[N], std::string_view text, std::size_t bytes_max) {
  return put_string(put(out, key), text, bytes_max);
}

}  // namespace steelyard::telemetry
