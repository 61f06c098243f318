#include "router/ledger/zone.h"

namespace steelyard::router {

namespace {

constexpr std::int64_t kDaysPer400Years = 146'097;

// Days before 1 March of `year`, counted from 1 March of year 0. Years that start in March have
// their leap day at the end, so that no month after it shifts.
constexpr std::int64_t days_to_march(std::int64_t year) {
  auto floor_div = [](std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); };
  return 365 * year + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400);
}

// From 1 March to the first of the month, `m` = 0 for March: 31, 30, 31, 30, 31 repeats.
constexpr std::int64_t days_to_month(std::int64_t m) {
  return (153 * m + 2) / 5;
}

constexpr std::int64_t kEpoch = days_to_march(1969) + days_to_month(10);  // 1 January 1970

}  // namespace

std::int64_t days_from_civil(CivilDate date) {
  const std::int64_t m = (date.month + 9) % 12;
  const std::int64_t year = static_cast<std::int64_t>(date.year) - (date.month < 3 ? 1 : 0);
  return days_to_march(year) + days_to_month(m) + date.day - 1 - kEpoch;
}

CivilDate civil_from_days(std::int64_t days) {
  const std::int64_t since_march0 = days + kEpoch;
  // The estimate is exact or one too high: 400 years have exactly kDaysPer400Years days.
  std::int64_t year = (since_march0 * 400) / kDaysPer400Years;
  if (since_march0 < 0) --year;
  while (days_to_march(year) > since_march0) --year;
  while (days_to_march(year + 1) <= since_march0) ++year;
  const std::int64_t day_of_year = since_march0 - days_to_march(year);
  const std::int64_t m = (5 * day_of_year + 2) / 153;
  const std::int64_t month = m < 10 ? m + 3 : m - 9;
  return {static_cast<std::int32_t>(year + (month < 3 ? 1 : 0)), static_cast<std::int32_t>(month),
          static_cast<std::int32_t>(day_of_year - days_to_month(m) + 1)};
}

}  // namespace steelyard::router
