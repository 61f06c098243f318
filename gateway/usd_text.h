#pragma once
// Money as decimal text for headers: "0.000486", "12.4", "-0.05". Exact: nine decimals at most,
// trailing zeros cut.
#include <array>
#include <charconv>
#include <string_view>

#include "config/types/money.h"
#include "gateway/telemetry/json_put.h"

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
    const auto fraction = static_cast<std::uint32_t>(nano - whole * 1'000'000'000);
    if (whole < 10) {
      *at++ = static_cast<char>('0' + whole);
    } else {
      at = std::to_chars(at, text_.data() + text_.size(), whole).ptr;
    }
    if (fraction != 0) {
      *at++ = '.';
      at = telemetry::put_three(at, fraction / 1'000'000);
      at = telemetry::put_three(at, fraction / 1'000 % 1'000);
      at = telemetry::put_three(at, fraction % 1'000);
      while (at[-1] == '0') --at;
    }
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 40> text_;  // put_three writes a fourth byte
  std::size_t size_ = 0;
};

}  // namespace steelyard
