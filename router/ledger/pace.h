#pragma once
// How fast a budget is used, and when it will be gone. Pure arithmetic over one window.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "config/types/instant.h"
#include "config/types/money.h"

namespace steelyard::router {

struct Pace {
  NanoUsd burn_per_day;                 // since the window began; 0: too early, or nothing posted
  std::optional<Instant> exhausted_at;  // at this rate, before the window ends
  // Use against time, in percent: 100 is a use that ends with the window. Time counts as if a
  // twentieth of the window had passed before it began, so that a first request is no alarm.
  // -1: the window has no end, or the limit is zero.
  std::int32_t percent = -1;
};

namespace pace_detail {
inline constexpr std::int64_t day_ns = 86'400 * Instant::kPerSecond;
inline constexpr std::int64_t least_ns = 60 * Instant::kPerSecond;  // a rate over less says nothing
inline constexpr std::int64_t burst = 20;                           // 1 / 20 of the window
}  // namespace pace_detail

// posted / limit against (passed + window / 20) / window, in whole percent, rounded down.
inline std::int32_t pace_percent(NanoUsd limit, NanoUsd posted, Instant start, Instant end,
                                 Instant now) {
  if (limit.v <= 0 || end.ns == INT64_MAX || end <= start) return -1;
  const Int128 length = static_cast<Int128>(end.ns) - start.ns;
  const Int128 passed = std::clamp<Int128>(static_cast<Int128>(now.ns) - start.ns, 0, length);
  const Int128 time = passed * pace_detail::burst + length;  // in twentieths of a nanosecond
  // posted / limit in millionths; more than 2^46 of them is more than any percentage that is told,
  // and keeps the product below 2^115.
  constexpr Int128 most = Int128{1} << 46;
  const Int128 used = std::max<std::int64_t>(posted.v, 0);
  const Int128 share = std::min(used * 1'000'000 / limit.v, most);
  const Int128 percent = share * length * pace_detail::burst / (time * 10'000);
  return static_cast<std::int32_t>(std::min<Int128>(percent, INT32_MAX));
}

inline Pace pace_of(NanoUsd limit, NanoUsd posted, Instant start, Instant end, Instant now) {
  Pace out;
  out.percent = pace_percent(limit, posted, start, end, now);
  const std::int64_t passed = now.ns - start.ns;
  // A lifetime began when nobody knows.
  if (start.ns == 0 || passed < pace_detail::least_ns || posted.v <= 0) return out;
  const Int128 burn = static_cast<Int128>(posted.v) * pace_detail::day_ns / passed;
  out.burn_per_day.v = static_cast<std::int64_t>(std::min<Int128>(burn, INT64_MAX));
  const NanoUsd left = limit - posted;
  const Int128 until = left.v <= 0 ? Int128{0} : static_cast<Int128>(left.v) * passed / posted.v;
  if (until + now.ns < end.ns)
    out.exhausted_at = Instant{static_cast<std::int64_t>(until + now.ns)};
  return out;
}

}  // namespace steelyard::router
