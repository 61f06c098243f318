#pragma once
// RFC 3339 in UTC. What was printed is remembered: a log asks for the same few seconds again and
// again.
#include <array>
#include <cstdint>

#include "config/types/instant.h"

namespace steelyard::telemetry {

// Within the years that int64 nanoseconds know after 1970, to 2262; INT64_MAX is "never".
inline bool printable(Instant at) {
  return at.ns >= 0 && at.ns != INT64_MAX;
}

class Timestamps {
 public:
  static constexpr int bytes_max = 32;  // quotes included

  // "2026-11-22T06:07:08.123456789Z" with the quotes; null outside the years 1970 to 9999.
  char* put_nanoseconds(char* out, Instant at);
  // "2026-11-22T00:00:00Z" with the quotes; null as above.
  char* put_seconds(char* out, Instant at);

 private:
  struct Second {
    std::int64_t second = -1;  // since 1970-01-01
    char text[20];             // "2026-11-22T06:07:08", without the quotes
  };
  const char* text_of(std::uint64_t second);
  std::array<Second, 16> seconds_{};
};

}  // namespace steelyard::telemetry
