#include "router/tokens/json_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "router/tokens/ascii_scan.h"
#include "router/tokens/utf8_put.h"

namespace steelyard::router {
namespace {

constexpr std::size_t longest_output = 4;  // bytes one escape can become

// What \x stands for; 0 when it is no escape of one character.
constexpr std::array<char, 128> make_simple() {
  std::array<char, 128> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}
constexpr std::array<char, 128> simple = make_simple();

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The code unit of \uXXXX at the front of `text`, or -1.
std::int32_t code_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  std::int32_t unit = 0;
  for (std::size_t i = 2; i < 6; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

}  // namespace

std::size_t JsonText::read(char* out, std::size_t capacity) {
  char* const start = out;
  const char* const end = out + capacity;
  while (!left_.empty() && static_cast<std::size_t>(end - out) >= longest_output) {
    out = left_.front() == '\\' ? read_escape(out) : copy_plain(out, end);
  }
  return static_cast<std::size_t>(out - start);
}

// Up to the next backslash, or as much as fits.
char* JsonText::copy_plain(char* out, const char* end) {
  const std::size_t most = std::min(left_.size(), static_cast<std::size_t>(end - out));
  const auto* in = reinterpret_cast<const unsigned char*>(left_.data());
  std::size_t at = 0;
  for (; at + 8 <= most; at += 8) {
    const std::uint64_t word = ascii::load8(in + at);
    std::memcpy(out + at, &word, 8);
    const std::uint64_t flipped = word ^ ascii::ones * '\\';
    const std::uint64_t found = (flipped - ascii::ones) & ~flipped & ascii::tops;
    if (found == 0) continue;
    at += static_cast<std::size_t>(std::countr_zero(found) >> 3);
    left_.remove_prefix(at);
    return out + at;
  }
  while (at < most && left_[at] != '\\') {
    out[at] = left_[at];
    ++at;
  }
  left_.remove_prefix(at);
  return out + at;
}

// left_ starts with a backslash; `out` has room for longest_output.
char* JsonText::read_escape(char* out) {
  const char kind = left_.size() > 1 ? left_[1] : '\0';
  if (kind == 'u') return read_code(out);
  const char stands_for = static_cast<unsigned char>(kind) < 128 ? simple[kind & 127] : '\0';
  if (stands_for != '\0') {
    *out = stands_for;
    left_.remove_prefix(2);
  } else {
    *out = '\\';
    left_.remove_prefix(1);
  }
  return out + 1;
}

char* JsonText::read_code(char* out) {
  const std::int32_t first = code_unit(left_);
  if (first < 0) {
    *out = '\\';
    left_.remove_prefix(1);
    return out + 1;
  }
  left_.remove_prefix(6);
  if (first < 0xD800 || first > 0xDFFF) return put_utf8(out, static_cast<std::uint32_t>(first));
  const std::int32_t second = first < 0xDC00 ? code_unit(left_) : -1;
  if (second < 0xDC00 || second > 0xDFFF) return put_utf8(out, 0xFFFD);
  left_.remove_prefix(6);
  return put_utf8(out, 0x10000 + ((static_cast<std::uint32_t>(first) & 0x3FF) << 10 |
                                  (static_cast<std::uint32_t>(second) & 0x3FF)));
}

}  // namespace steelyard::router
