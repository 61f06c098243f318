#pragma once
// Sums of money that cannot wrap, and the arithmetic of thresholds.
#include <cstdint>

#include "config/types/money.h"

namespace steelyard::router {

// For amounts whose sum is not below zero; stops at the largest NanoUsd.
inline NanoUsd saturating_add(NanoUsd a, NanoUsd b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a.v, b.v, &sum) ? NanoUsd{INT64_MAX} : NanoUsd{sum};
}

// a + b + c <= limit, all non-negative, without wrapping.
inline bool sum_fits(NanoUsd a, NanoUsd b, NanoUsd c, NanoUsd limit) {
  std::int64_t sum = 0;
  return !__builtin_add_overflow(a.v, b.v, &sum) && !__builtin_add_overflow(sum, c.v, &sum) &&
         sum <= limit.v;
}

// The smallest amount posted that reaches `percent` of `limit`; at least one nano-dollar, so that a
// limit of zero does not announce itself.
inline NanoUsd threshold_amount(NanoUsd limit, std::int32_t percent) {
  const Int128 amount = (static_cast<Int128>(limit.v) * percent + 99) / 100;
  if (amount < 1) return {1};
  return {amount > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(amount)};
}

// posted / limit in whole percent, rounded down.
inline std::int32_t percent_of(NanoUsd posted, NanoUsd limit) {
  if (limit.v <= 0) return 100;
  std::int64_t hundredfold = 0;  // dividing 128 bits costs ten times as much
  if (!__builtin_mul_overflow(posted.v, 100, &hundredfold)) {
    const std::int64_t percent = hundredfold / limit.v;
    return percent > INT32_MAX ? INT32_MAX : static_cast<std::int32_t>(percent);
  }
  const Int128 percent = static_cast<Int128>(posted.v) * 100 / limit.v;
  return percent > INT32_MAX ? INT32_MAX : static_cast<std::int32_t>(percent);
}

}  // namespace steelyard::router
