#include "router/ledger/zone.h"

#include <algorithm>

namespace steelyard::router {

namespace {

constexpr std::int64_t kDay = 86'400;
// RFC 8536 3.2: offsets lie strictly within these; what parse() accepts.
constexpr std::int64_t kWestMost = 25 * 3600, kEastMost = 26 * 3600;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

Instant clamped(std::int64_t seconds) {
  constexpr std::int64_t max = INT64_MAX / Instant::kPerSecond;
  if (seconds > max) return {INT64_MAX};
  if (seconds < -max) return {INT64_MIN};
  return Instant::from_seconds(seconds);
}

}  // namespace

Zone::Period Zone::period_at(std::int64_t utc_seconds) const {
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), utc_seconds);
  if (next == transitions_.end() && rule_) {
    const PosixRule::Period period = rule_->at(utc_seconds);
    return {period.offset, period.until};
  }
  const std::int32_t offset =
      offsets_.empty() ? 0 : offsets_[static_cast<std::size_t>(next - transitions_.begin())];
  return {offset, next == transitions_.end() ? INT64_MAX : *next};
}

std::int64_t Zone::local_seconds(Instant t) const {
  const std::int64_t utc = t.seconds();
  return utc + offset_at(utc);
}

std::int64_t Zone::utc_from_local(std::int64_t local) const {
  // No offset reaches from here to `local`; walk the periods until one does.
  std::int64_t from = local - kEastMost;
  const std::int64_t last = local + kWestMost;
  while (true) {
    const Period period = period_at(from);
    const std::int64_t reached = std::max(from, local - period.offset);
    if (reached < period.until || period.until > last) return reached;
    from = period.until;
  }
}

// The day whose interval holds `utc_seconds`, counted like days_from_civil.
std::int64_t Zone::day_number(std::int64_t utc_seconds) const {
  std::int64_t day = floor_div(utc_seconds + offset_at(utc_seconds), kDay);
  // The wall clock may have shown the next day already and stepped back.
  while (utc_from_local((day + 1) * kDay) <= utc_seconds) ++day;
  return day;
}

Interval Zone::day_of(Instant t) const {
  const std::int64_t day = day_number(t.seconds());
  return days(day, day + 1);
}

CivilDate Zone::date_of(Instant t) const {
  return civil_from_days(day_number(t.seconds()));
}

Interval Zone::days(std::int64_t first, std::int64_t end) const {
  return {clamped(utc_from_local(first * kDay)), clamped(utc_from_local(end * kDay))};
}

Interval Zone::month_of(Instant t) const {
  return months_of(t, 1, 1, 1);
}

Interval Zone::hour_of(Instant t) const {
  constexpr std::int64_t hour = 3600;
  const std::int64_t utc = t.seconds();
  const Period now = period_at(utc);
  std::int64_t start = floor_div(utc + now.offset, hour) * hour - now.offset;
  const std::int64_t end = std::min(start + hour, now.until);
  // Under another offset when the hour began: it begins with this one.
  for (Period period = period_at(start); period.until <= utc; period = period_at(start))
    start = period.until;
  return {clamped(start), clamped(end)};
}

Interval Zone::week_of(Instant t, std::int32_t first) const {
  const std::int64_t day = day_number(t.seconds());
  const std::int64_t weekday = day + 3 - floor_div(day + 3, 7) * 7;  // 1970-01-01: a Thursday
  const std::int64_t begin = day - (weekday - (first - 1) + 7) % 7;
  return days(begin, begin + 7);
}

namespace {

// Months since the year 0, and back to the first day of a span that begins on `day`.
std::int64_t month_begin(std::int64_t month, std::int32_t day) {
  const auto year = static_cast<std::int32_t>(floor_div(month, 12));
  const auto in_year = static_cast<std::int32_t>(month - year * std::int64_t{12}) + 1;
  const std::int64_t first = days_from_civil({year, in_year, 1});
  const std::int64_t next =
      in_year == 12 ? days_from_civil({year + 1, 1, 1}) : days_from_civil({year, in_year + 1, 1});
  return std::min(first + day - 1, next - 1);
}

}  // namespace

Interval Zone::months_of(Instant t, std::int32_t months, std::int32_t month,
                         std::int32_t day) const {
  const std::int64_t today = day_number(t.seconds());
  const CivilDate date = civil_from_days(today);
  std::int64_t at = std::int64_t{12} * date.year + date.month - 1;
  if (today < month_begin(at, day)) --at;
  at -= (at - (month - 1)) - floor_div(at - (month - 1), months) * months;
  return days(month_begin(at, day), month_begin(at + months, day));
}

ZoneTable::ZoneTable() {
  add("UTC", Zone());
}

void ZoneTable::add(std::string name, Zone zone) {
  zones_.insert_or_assign(std::move(name), std::make_shared<const Zone>(std::move(zone)));
}

std::shared_ptr<const Zone> ZoneTable::find(std::string_view name) const {
  const auto found = zones_.find(name);
  return found == zones_.end() ? nullptr : found->second;
}

}  // namespace steelyard::router
