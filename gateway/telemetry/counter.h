#pragma once
// Counters with one writer. add() is a plain add (relaxed atomics make the concurrent read defined,
// and cost nothing).
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace steelyard::telemetry {

class Counter {
 public:
  // Wraps instead of overflowing: an absurd figure of a peer may spoil a counter, not the process.
  void add(std::int64_t n) {
    const auto sum = static_cast<std::uint64_t>(read()) + static_cast<std::uint64_t>(n);
    v_.store(static_cast<std::int64_t>(sum), std::memory_order_relaxed);
  }
  std::int64_t read() const { return v_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> v_{0};
};

// Counts values in buckets of doubling width: bucket i holds values of at most First * 2^i, the
// last one all above. Values, First and the sum share one unit (nanoseconds; parts per million).
template <std::int64_t First, std::size_t Bounds>
struct Histogram {
  static constexpr std::size_t bounds = Bounds;
  static constexpr std::int64_t bound(std::size_t i) { return First << i; }

  void observe(std::int64_t value) {
    const auto steps =
        static_cast<std::uint64_t>(value > 0 ? value - 1 : 0) / static_cast<std::uint64_t>(First);
    const auto bucket =
        static_cast<std::size_t>(std::bit_width(2 * steps + 1)) - 1;  // of steps; never asks for 0
    buckets[bucket < Bounds ? bucket : Bounds].add(1);
    sum.add(value > 0 ? value : 0);
  }

  bool empty() const {
    for (const Counter& bucket : buckets)
      if (bucket.read() != 0) return false;
    return true;
  }

  std::array<Counter, Bounds + 1> buckets;
  Counter sum;
};

}  // namespace steelyard::telemetry
