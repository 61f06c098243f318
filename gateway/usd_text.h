#pragma once
// Money as decimal text for headers: "0.000486", "12.4", "-0.05". Exact: nine decimals at most,
// trailing zeros cut.
#include <array>
#include <charconv>
#include <string_view>

#include "config/types/money.h"

namespace steelyard {

class UsdText {
 public:
  explicit UsdText(NanoUsd amount) {
    char* at = text_.data();
    std::uint64_t nano = static_cast<std::uint64_t>(amount.v);
    if (amount.v < 0) {
      *at++ = '-';
      nano = 0 - nano;
    }
    const std::uint64_t whole = nano / 1'000'000'000;
    auto fraction = static_cast<std::uint32_t>(nano - whole * 1'000'000'000);
    if (whole < 10) {
      *at++ = static_cast<char>('0' + whole);
    } else {
      at = std::to_chars(at, text_.data() + text_.size(), whole).ptr;
    }
    if (fraction != 0) {
      std::size_t digits = 9;
      for (; fraction % 10 == 0; fraction /= 10) --digits;
      *at = '.';
      for (std::size_t i = digits; i > 0; --i, fraction /= 10)
        at[i] = static_cast<char>('0' + fraction % 10);
      at += digits + 1;
    }
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 32> text_;
  std::size_t size_ = 0;
};

}  // namespace steelyard
