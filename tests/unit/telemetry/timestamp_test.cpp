#include "gateway/telemetry/timestamp.h"

#include <doctest/doctest.h>

#include <ctime>
#include <string>

using namespace steelyard;
using namespace steelyard::telemetry;

TEST_CASE("timestamps are RFC 3339, UTC") {
  struct Row {
    const char* why;
    std::int64_t ns;
    const char* nanoseconds;
    const char* seconds;
  };
  Timestamps times;
  for (const Row& row : {
           Row{"epoch", 0, "\"1970-01-01T00:00:00.000000000Z\"", "\"1970-01-01T00:00:00Z\""},
           Row{"today", 1795327628123456789, "\"2026-11-22T06:07:08.123456789Z\"",
               "\"2026-11-22T06:07:08Z\""},
           Row{"last ns of a leap day", 1709251199999999999, "\"2024-02-29T23:59:59.999999999Z\"",
               "\"2024-02-29T23:59:59Z\""},
           Row{"next day, other slot", 1709251200000000000, "\"2024-03-01T00:00:00.000000000Z\"",
               "\"2024-03-01T00:00:00Z\""},
           Row{"never", INT64_MAX, "null", "null"},
           Row{"before the epoch", -1, "null", "null"},
           Row{"last that fits", INT64_MAX - 1, "\"2262-04-11T23:47:16.854775806Z\"",
               "\"2262-04-11T23:47:16Z\""},
       }) {
    CAPTURE(row.why);
    char buffer[Timestamps::bytes_max + 16];
    CHECK(std::string(buffer, times.put_nanoseconds(buffer, {row.ns})) == row.nanoseconds);
    CHECK(std::string(buffer, times.put_seconds(buffer, {row.ns})) == row.seconds);
  }
}

TEST_CASE(
    "timestamps agree with the C library on every day until 2262, remembered dates included") {
  Timestamps times;
  for (std::int64_t day = 0; day < 106'700; ++day) {
    const std::time_t seconds = day * 86'400 + (day * 7919) % 86'400;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char expected[40], buffer[Timestamps::bytes_max + 16];
    const std::size_t size =
        std::strftime(expected, sizeof expected, "\"%Y-%m-%dT%H:%M:%SZ\"", &parts);
    for (int again = 0; again < 2; ++again)
      REQUIRE(std::string(buffer, times.put_seconds(buffer, Instant::from_seconds(seconds))) ==
              std::string(expected, size));
  }
}
