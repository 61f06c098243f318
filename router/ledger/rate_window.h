#pragma once
// How much may begin in any stretch of time of one length: a 60th of it is a bucket, and what
// counts at any moment is the bucket it lies in and the 60 before it (as router/ledger/rolling.h,
// by the monotonic clock). Taken all or nothing, given back as far as it was not used. No
// allocation, no clock.
#include <array>
#include <cstdint>

#include "config/types/instant.h"

namespace steelyard::router {

class RateWindow {
 public:
  static constexpr std::int64_t buckets = 60;

  // A new limit applies at once; what was taken still counts.
  void set_limit(std::int64_t limit, std::int64_t per_ms) {
    limit_ = limit;
    bucket_ns_ = per_ms * 1'000'000 / buckets;
  }
  std::int64_t limit() const { return limit_; }
  std::int64_t used() const { return used_; }
  std::int64_t remaining() const { return used_ < limit_ ? limit_ - used_ : 0; }

  // Forgets what no longer counts. A clock that stands still or steps back changes nothing.
  void advance(Tick now) {
    const std::int64_t bucket = now.ns / bucket_ns_;
    if (bucket <= newest_) return;
    const std::int64_t gone = bucket - newest_;
    if (gone > buckets) {
      counts_.fill(0);
      used_ = 0;
    } else {
      for (std::int64_t b = newest_ + 1; b <= bucket; ++b) {
        used_ -= counts_[index(b)];
        counts_[index(b)] = 0;
      }
    }
    newest_ = bucket;
  }
  // After advance().
  bool fits(std::int64_t amount) const { return amount <= limit_ - used_; }
  // Returns what give_back() wants to know.
  std::int64_t take(std::int64_t amount) {
    counts_[index(newest_)] += amount;
    used_ += amount;
    return newest_;
  }
  // Of what was taken at `bucket`; negative: more was used than was taken.
  void give_back(std::int64_t bucket, std::int64_t amount) {
    if (bucket < newest_ - buckets) return;  // counts no more
    counts_[index(bucket)] -= amount;
    used_ -= amount;
  }
  // When `amount` fits, if nothing more is taken; INT64_MAX: it is more than the limit.
  Tick room_at(std::int64_t amount, Tick now) const {
    if (amount > limit_) return {INT64_MAX};
    std::int64_t over = used_ + amount - limit_;
    for (std::int64_t b = newest_ - buckets; b <= newest_ && over > 0; ++b) {
      over -= counts_[index(b)];
      if (over <= 0) return {(b + buckets + 1) * bucket_ns_};
    }
    return now;
  }
  // When nothing counts any more.
  Tick empty_at(Tick now) const {
    for (std::int64_t b = newest_; b >= newest_ - buckets && used_ != 0; --b)
      if (counts_[index(b)] != 0) return {(b + buckets + 1) * bucket_ns_};
    return now;
  }

 private:
  static constexpr std::size_t slots = buckets + 1;
  static std::size_t index(std::int64_t bucket) {
    const auto slot = static_cast<std::int64_t>(slots);
    return static_cast<std::size_t>((bucket % slot + slot) % slot);
  }

  std::int64_t limit_ = 0, bucket_ns_ = 1'000'000'000, newest_ = INT64_MIN / 2, used_ = 0;
  std::array<std::int64_t, slots> counts_{};
};

}  // namespace steelyard::router
