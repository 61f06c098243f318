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
  void add(std::int64_t n) {
    v_.store(v_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
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
    if (value < 0) value = 0;
    const auto steps =
        static_cast<std::uint64_t>(value - (value > 0)) / static_cast<std::uint64_t>(First);
    const auto bucket = static_cast<std::size_t>(std::bit_width(steps));
    buckets[bucket < Bounds ? bucket : Bounds].add(1);
    sum.add(value);
  }

  std::array<Counter, Bounds + 1> buckets;
  Counter sum;
};

}  // namespace steelyard::telemetry
