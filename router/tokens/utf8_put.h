#pragma once
// Writing UTF-8.
#include <cstdint>
#include <string>

namespace steelyard::router {

// `out` has room for 4 bytes; `code` is at most 0x10FFFF. Returns the end of what it wrote.
inline char* put_utf8(char* out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return out;
}

inline void append_utf8(std::string& out, std::uint32_t code) {
  char bytes[4];
  out.append(bytes, put_utf8(bytes, code));
}

}  // namespace steelyard::router
