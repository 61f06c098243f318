#pragma once
// Rolling windows. Time is cut into buckets of a 24th of the window's length, on the same marks in
// every process; what is reserved counts in the bucket of that moment. The window at any instant is
// the bucket it lies in and the 24 before it. So what was reserved in the last `length` always
// counts, and nothing counts for longer than `length` and one bucket: the sum over ANY stretch of
// that length is never above the limit.
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/types/instant.h"
#include "config/types/money.h"

namespace steelyard::router {

inline constexpr std::int64_t rolling_buckets = 24;

constexpr std::int64_t rolling_bucket_ns(std::int64_t length_s) {
  return (length_s * Instant::kPerSecond + rolling_buckets - 1) / rolling_buckets;
}

// What counts besides the bucket `at`: buckets that begin here or later.
constexpr Instant rolling_begin(Instant at, std::int64_t bucket_ns) {
  return {at.ns - rolling_buckets * bucket_ns};
}

// The older buckets of one account. Those with open holds are windows of the ledger still.
struct Rolling {
  std::int64_t bucket_ns = 0;
  std::array<std::int64_t, rolling_buckets> posted{};  // of the others, by number
  std::vector<std::uint32_t> open;                     // into Ledger::State::windows, ascending
  // What was posted in the buckets before these: what they count against in an older bucket's
  // windows. Only while some bucket is open.
  std::unique_ptr<std::array<std::int64_t, rolling_buckets>> gone;

  std::int64_t number(Instant start) const { return start.ns / bucket_ns; }
  std::int64_t& of(std::int64_t bucket) {
    return posted[static_cast<std::size_t>(bucket % rolling_buckets)];
  }
  std::int64_t of(std::int64_t bucket) const {
    return posted[static_cast<std::size_t>(bucket % rolling_buckets)];
  }
  // What is posted in an older bucket of the last two lengths.
  std::int64_t before(std::int64_t bucket, std::int64_t newest) const {
    if (bucket >= newest - rolling_buckets) return of(bucket);
    const bool known = gone && bucket >= newest - 2 * rolling_buckets;
    return known ? (*gone)[static_cast<std::size_t>(bucket % rolling_buckets)] : 0;
  }
  // Makes `next` the newest bucket instead of `newest`: what it and those before it were moves on.
  void shift(std::int64_t newest, std::int64_t next) {
    for (std::int64_t k = 0; k < 2 * rolling_buckets && k < next - newest; ++k) {
      const auto slot = static_cast<std::size_t>((newest + k) % rolling_buckets);
      if (gone) (*gone)[slot] = posted[slot];
      posted[slot] = 0;
    }
  }
  // An older bucket is closed, or was corrected: what is posted in it.
  void put(std::int64_t bucket, std::int64_t newest, std::int64_t amount) {
    const auto slot = static_cast<std::size_t>(bucket % rolling_buckets);
    if (bucket >= newest - rolling_buckets)
      posted[slot] = amount;
    else if (gone && bucket >= newest - 2 * rolling_buckets)
      (*gone)[slot] = amount;
  }
};

}  // namespace steelyard::router
