#pragma once
// Money as decimal text for headers: "0.000486", "12.4", "-0.05". Exact: nine decimals at most,
// trailing zeros cut.
#include <array>
#include <string_view>

#include "config/types/money.h"
#include "gateway/telemetry/json_put.h"

namespace steelyard {

inline constexpr std::size_t usd_text_most = 32;  // bytes that may be written

// Returns one past the last byte of the text.
inline char* put_usd(char* at, NanoUsd amount) {
  std::uint64_t nano = static_cast<std::uint64_t>(amount.v);
  if (amount.v < 0) {
    *at++ = '-';
    nano = 0 - nano;
  }
  const std::uint64_t whole = nano / 1'000'000'000;
  const auto fraction = static_cast<std::uint32_t>(nano - whole * 1'000'000'000);
  at = telemetry::put_number(at, static_cast<std::int64_t>(whole));
  if (fraction == 0) return at;
  *at++ = '.';
  const std::uint32_t thousands = fraction / 1'000, last = fraction % 1'000;
  at = put_three(at, thousands / 1'000);
  at = put_three(at, thousands % 1'000);
  if (last != 0) at = put_three(at, last);
  while (at[-1] == '0') --at;
  return at;
}

class UsdText {
 public:
  explicit UsdText(NanoUsd amount)
      : size_(static_cast<std::size_t>(put_usd(text_.data(), amount) - text_.data())) {}
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, usd_text_most> text_;
  std::size_t size_;
};

}  // namespace steelyard
