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
    at = std::to_chars(at, text_.data() + text_.size(), nano / 1'000'000'000).ptr;
    std::uint64_t fraction = nano % 1'000'000'000;
    if (fraction != 0) {
      *at++ = '.';
      for (std::uint64_t unit = 100'000'000; fraction != 0; unit /= 10) {
        *at++ = static_cast<char>('0' + fraction / unit);
        fraction %= unit;
      }
    }
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 32> text_;
  std::size_t size_ = 0;
};

}  // namespace steelyard
