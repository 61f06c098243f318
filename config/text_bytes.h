#pragma once
// Is a text clean: UTF-8 and free of control characters?
#include <cstdint>
#include <optional>
#include <string_view>

namespace steelyard {

struct BadByte {
  std::uint32_t line = 1, column = 1;  // 1-based, bytes
  bool control = false;                // else: not UTF-8
};

// The first byte that is neither printable UTF-8 nor tab, line feed or carriage return.
std::optional<BadByte> find_bad_byte(std::string_view text);

}  // namespace steelyard
