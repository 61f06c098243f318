#pragma once
// Time zones as data: one IANA zone, parsed from the bytes of its TZif file (RFC 8536, version 2 to
// 4), and the calendar days and months of that zone as intervals of real time. Knows no file and no
// clock; gateway/store/zone_loader reads the bytes.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "router/ledger/posix_rule.h"

namespace steelyard::router {

// A calendar date; also how a window is named to a human.
struct CivilDate {
  std::int32_t year = 1970;
  std::int32_t month = 1;  // 1 to 12
  std::int32_t day = 1;    // 1 to 31
  friend constexpr auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

// Days since 1970-01-01 of the proleptic Gregorian calendar, and back.
std::int64_t days_from_civil(CivilDate date);
CivilDate civil_from_days(std::int64_t days);

// [start, end): real time covered by a calendar day or month. 23 to 25 hours for a day with a clock
// change. `end` is INT64_MAX when it lies beyond the range of Instant.
struct Interval {
  Instant start, end;
};

class Zone {
 public:
  Zone() = default;  // UTC
  // Refuses version 1 files, leap-second ("right/") files, and anything out of range or order.
  static Result<Zone> parse(std::string_view tzif);

  // Seconds east of UTC in force at `utc_seconds`.
  std::int32_t offset_at(std::int64_t utc_seconds) const { return period_at(utc_seconds).offset; }
  // Seconds since 1970 as a wall clock in this zone would count them.
  std::int64_t local_seconds(Instant t) const;
  // The first real second at or after which this zone's wall clock shows `local` or later: a time
  // inside a gap is the end of the gap, a time shown twice is its first showing.
  std::int64_t utc_from_local(std::int64_t local) const;

  // The day or month in which `t` lies. Days partition time: a wall clock that steps back over
  // midnight stays in the later day.
  Interval day_of(Instant t) const;
  Interval month_of(Instant t) const;
  // The clock hour: sixty minutes, cut short where the offset changes by half an hour.
  Interval hour_of(Instant t) const;
  // Seven days from the weekday `first` on: 1 is Monday, 7 Sunday.
  Interval week_of(Instant t, std::int32_t first) const;
  // `months` (1, 3 or 12) calendar months. One month begins on `day` (1 to 31; on the last day of a
  // month that is shorter), more begin in `month` (1 to 12) or whole spans from it.
  Interval months_of(Instant t, std::int32_t months, std::int32_t month, std::int32_t day) const;
  CivilDate date_of(Instant t) const;  // of the day_of() interval

 private:
  struct Period {
    std::int32_t offset;
    std::int64_t until;  // first second not in it; INT64_MAX: for ever
  };
  Period period_at(std::int64_t utc_seconds) const;
  Interval days(std::int64_t first, std::int64_t end) const;
  std::int64_t day_number(std::int64_t utc_seconds) const;

  std::vector<std::int64_t> transitions_;  // ascending
  std::vector<std::int32_t>
      offsets_;                    // one more than transitions_: offsets_[0] is before the first
  std::optional<PosixRule> rule_;  // after the last transition
};

// Zones by IANA name. UTC is always there.
class ZoneTable {
 public:
  ZoneTable();
  void add(std::string name, Zone zone);
  std::shared_ptr<const Zone> find(std::string_view name) const;  // null: not loaded

 private:
  std::map<std::string, std::shared_ptr<const Zone>, std::less<>> zones_;
};

}  // namespace steelyard::router
