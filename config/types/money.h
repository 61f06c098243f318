#pragma once
// Money without floating point. Prices are pico-dollars per token, amounts are nano-dollars;
// products are formed in 128 bits and rounded up once per attempt (reliability of the books: never
// book less than the provider bills).
#include <compare>
#include <cstdint>

namespace steelyard {

__extension__ typedef __int128 Int128;  // not ISO C++; the marker keeps -Wpedantic quiet

// An amount of money: $1 is 1'000'000'000. int64 holds +-$9.2 billion.
struct NanoUsd {
  std::int64_t v = 0;

  friend constexpr auto operator<=>(NanoUsd, NanoUsd) = default;
  friend constexpr NanoUsd operator+(NanoUsd a, NanoUsd b) { return {a.v + b.v}; }
  friend constexpr NanoUsd operator-(NanoUsd a, NanoUsd b) { return {a.v - b.v}; }
  constexpr NanoUsd& operator+=(NanoUsd other) {
    v += other.v;
    return *this;
  }
  constexpr NanoUsd& operator-=(NanoUsd other) {
    v -= other.v;
    return *this;
  }
};

// A price of one token: $1 per million tokens is 1'000'000 pico-dollars per token.
struct PicoUsd {
  std::int64_t v = 0;
  friend constexpr auto operator<=>(PicoUsd, PicoUsd) = default;
};

// A sum of token prices before the one rounding. Never negative.
struct CostSum {
  Int128 pico = 0;

  constexpr void add(std::int64_t tokens, PicoUsd price) {
    pico += static_cast<Int128>(tokens) * price.v;
  }
  // Rounds up to whole nano-dollars; saturates at the largest NanoUsd instead of wrapping.
  constexpr NanoUsd ceil() const {
    const Int128 nano = (pico + 999) / 1000;
    constexpr Int128 max = INT64_MAX;
    return {static_cast<std::int64_t>(nano < max ? nano : max)};
  }
};

constexpr NanoUsd operator""_usd(unsigned long long dollars) {
  return {static_cast<std::int64_t>(dollars) * 1'000'000'000};
}

}  // namespace steelyard
