#pragma once
// The one clock of upstream and load generator: both run on one machine, so a frame's age is the
// difference of two readings.
#include <time.h>

#include <cstdint>

namespace steelyard::bench {

inline std::int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace steelyard::bench
