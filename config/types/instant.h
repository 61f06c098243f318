#pragma once
// Time as a value. Nothing right of gateway/ reads a clock; instants are passed in.
#include <compare>
#include <cstdint>

namespace steelyard {

// Wall-clock time, nanoseconds since 1970-01-01T00:00:00Z. Chooses budget windows and tariffs;
// never measures durations.
struct Instant {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(Instant, Instant) = default;
  constexpr std::int64_t seconds() const {
    return ns >= 0 ? ns / kPerSecond : -((-ns + kPerSecond - 1) / kPerSecond);
  }
  static constexpr Instant from_seconds(std::int64_t s) { return {s * kPerSecond}; }
  static constexpr std::int64_t kPerSecond = 1'000'000'000;
};

// Monotonic time, nanoseconds from an arbitrary start. Measures durations, deadlines and leases.
struct Tick {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(Tick, Tick) = default;
  friend constexpr std::int64_t operator-(Tick a, Tick b) { return a.ns - b.ns; }
  constexpr Tick plus_ms(std::int64_t ms) const { return {ns + ms * 1'000'000}; }
};

}  // namespace steelyard
