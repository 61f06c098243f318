#pragma once
// Time as a seam: production reads the system's clocks, the simulator its own.
#include "config/types/instant.h"

namespace steelyard::sys {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // wall clock, UTC
  virtual Tick tick() const = 0;    // monotonic
};

// CPU time this thread has used, in nanoseconds.
std::int64_t thread_cpu_ns();

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Tick tick() const override;
};

}  // namespace steelyard::sys
