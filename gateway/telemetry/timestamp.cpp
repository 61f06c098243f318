#include "gateway/telemetry/timestamp.h"

#include <chrono>
#include <cstring>

#include "gateway/telemetry/json_put.h"

namespace steelyard::telemetry {
namespace {

// int64 nanoseconds end in 2262, so the upper bound needs no test of its own; "never" is INT64_MAX.
bool printable(Instant at) {
  return at.ns >= 0 && at.ns != INT64_MAX;
}

void write_date(char* out, std::int32_t day) {
  const std::chrono::sys_days since_epoch{std::chrono::days(day)};
  const std::chrono::year_month_day date{since_epoch};
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  out = put_two(out, year / 100);
  out = put_two(out, year % 100);
  *out++ = '-';
  out = put_two(out, static_cast<unsigned>(date.month()));
  *out++ = '-';
  out = put_two(out, static_cast<unsigned>(date.day()));
  *out = 'T';
}

}  // namespace

char* Timestamps::put_clock(char* out, std::uint64_t seconds) {
  const auto day = static_cast<std::int32_t>(seconds / 86'400);
  const auto second = static_cast<std::uint32_t>(seconds % 86'400);
  Date& date = dates_[static_cast<std::uint32_t>(day) % dates_.size()];
  if (date.day != day) {
    write_date(date.text, day);
    date.day = day;
  }
  std::memcpy(out, date.text, 12);
  out = put_two(out + 11, second / 3600);
  *out = ':';
  out = put_two(out + 1, second / 60 % 60);
  *out = ':';
  return put_two(out + 1, second % 60);
}

char* Timestamps::put_nanoseconds(char* out, Instant at) {
  if (!printable(at)) return put(out, "null");
  const auto ns = static_cast<std::uint64_t>(at.ns);
  *out = '"';
  out = put_clock(out + 1, ns / 1'000'000'000);
  *out = '.';
  out = put_nine(out + 1, static_cast<std::uint32_t>(ns % 1'000'000'000));
  return put(out, "Z\"");
}

char* Timestamps::put_seconds(char* out, Instant at) {
  if (!printable(at)) return put(out, "null");
  *out = '"';
  out = put_clock(out + 1, static_cast<std::uint64_t>(at.ns) / 1'000'000'000);
  return put(out, "Z\"");
}

}  // namespace steelyard::telemetry
