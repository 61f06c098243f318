#include "gateway/telemetry/timestamp.h"

#include <chrono>
#include <cstring>

#include "gateway/telemetry/json_put.h"

namespace steelyard::telemetry {
namespace {

void write_second(char* out, std::uint64_t second) {
  const std::chrono::sys_days since_epoch{
      std::chrono::days(static_cast<std::int32_t>(second / 86'400))};
  const std::chrono::year_month_day date{since_epoch};
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  const auto of_day = static_cast<std::uint32_t>(second % 86'400);
  out = put_two(out, year / 100);
  out = put_two(out, year % 100);
  *out++ = '-';
  out = put_two(out, static_cast<unsigned>(date.month()));
  *out++ = '-';
  out = put_two(out, static_cast<unsigned>(date.day()));
  *out++ = 'T';
  out = put_two(out, of_day / 3600);
  *out++ = ':';
  out = put_two(out, of_day / 60 % 60);
  *out++ = ':';
  put_two(out, of_day % 60);
}

}  // namespace

const char* Timestamps::text_of(std::uint64_t second) {
  Second& slot = seconds_[second % seconds_.size()];
  if (slot.second != static_cast<std::int64_t>(second)) [[unlikely]] {
    write_second(slot.text, second);
    slot.second = static_cast<std::int64_t>(second);
  }
  return slot.text;
}

char* Timestamps::put_nanoseconds(char* out, Instant at) {
  if (!printable(at)) return put(out, "null");
  const auto ns = static_cast<std::uint64_t>(at.ns);
  *out = '"';
  std::memcpy(out + 1, text_of(ns / 1'000'000'000), 19);
  out[20] = '.';
  out = put_nine(out + 21, static_cast<std::uint32_t>(ns % 1'000'000'000));
  return put(out, "Z\"");
}

char* Timestamps::put_seconds(char* out, Instant at) {
  if (!printable(at)) return put(out, "null");
  *out = '"';
  std::memcpy(out + 1, text_of(static_cast<std::uint64_t>(at.ns) / 1'000'000'000), 19);
  return put(out + 20, "Z\"");
}

}  // namespace steelyard::telemetry
