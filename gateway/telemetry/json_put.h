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

#include "config/types/decimal_digits.h"

namespace steelyard::telemetry {

inline constexpr std::size_t put_slack = 32;
inline constexpr std::size_t number_bytes_max = 20;  // of an int64: -9223372036854775808

// A literal, of any content.
template <std::size_t N>
inline char* put(char* out, const char (&literal)[N]) {
  std::memcpy(out, literal, N - 1);
  return out + N - 1;
}

// Words of ours that need no escaping: names of enums, at most 32 bytes.
inline char* put_word(char* out, const char* word) {
  while (*word != 0) *out++ = *word++;
  return out;
}

char* put_number_long(char* out, std::uint64_t value);  // value >= 1000
inline char* put_number(char* out, std::int64_t value) {
  auto magnitude = static_cast<std::uint64_t>(value);
  if (magnitude < 10) {
    *out = static_cast<char>('0' + magnitude);
    return out + 1;
  }
  if (value < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  return magnitude < 1000 ? put_first(out, magnitude) : put_number_long(out, magnitude);
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
inline char* put(char* out, const char (&key)[N], std::string_view text, std::size_t bytes_max) {
  return put_string(put(out, key), text, bytes_max);
}

// The same where there is something to say; nothing for an empty text, a zero, a flag not set.
template <std::size_t N>
inline char* put_some(char* out, const char (&key)[N], std::string_view text,
                      std::size_t bytes_max) {
  return text.empty() ? out : put(out, key, text, bytes_max);
}
template <std::size_t N>
inline char* put_some(char* out, const char (&key)[N], std::int64_t value) {
  return value == 0 ? out : put(out, key, value);
}
template <std::size_t N>
inline char* put_when(char* out, bool set, const char (&literal)[N]) {
  return set ? put(out, literal) : out;
}

}  // namespace steelyard::telemetry
