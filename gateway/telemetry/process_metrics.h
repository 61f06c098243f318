#pragma once
// What the kernel says about this process, from /proc/self. Zero where it says nothing.
#include <cstdint>

namespace steelyard::telemetry {

struct ProcessFigures {
  std::int64_t resident_bytes = 0, virtual_bytes = 0;
  std::int64_t open_fds = 0, max_fds = 0;
  std::int64_t threads = 0;
  std::int64_t cpu_ms = 0;         // user and system
  std::int64_t start_time_ms = 0;  // since the epoch
};

ProcessFigures read_process_figures();

}  // namespace steelyard::telemetry
