#include "gateway/sys/clock.h"

#include <ctime>

namespace steelyard::sys {
namespace {

std::int64_t read(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Instant SystemClock::now() const {
  return {read(CLOCK_REALTIME)};
}
Tick SystemClock::tick() const {
  return {read(CLOCK_MONOTONIC)};
}

std::int64_t thread_cpu_ns() {
  return read(CLOCK_THREAD_CPUTIME_ID);
}

}  // namespace steelyard::sys
