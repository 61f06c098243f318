#pragma once
// The rule at the end of a TZif file for all times after its last transition: a POSIX TZ string
// ("CET-1CEST,M3.5.0,M10.5.0/3"), with RFC 8536's extension of times to -167..167 hours.
#include <array>
#include <cstdint>
#include <string_view>

#include "config/types/result.h"

namespace steelyard::router {

class PosixRule {
 public:
  static Result<PosixRule> parse(std::string_view text);

  struct Period {
    std::int32_t offset;  // seconds east of UTC
    std::int64_t until;   // UTC second of the next change; INT64_MAX: none
  };
  Period at(std::int64_t utc_seconds) const;

 private:
  friend struct PosixRuleParser;
  enum class DayKind : std::uint8_t { julian, zero_based, month_week };
  struct Change {  // when, in local wall-clock time before the change
    DayKind kind = DayKind::month_week;
    std::int32_t month = 1, week = 1, day = 0;  // `day` alone for the Julian kinds
    std::int32_t seconds = 7200;                // after local midnight
    std::int64_t local_seconds(std::int32_t year) const;
  };

  std::int32_t standard_ = 0, daylight_ = 0;  // offsets, seconds east
  bool has_daylight_ = false;
  std::array<Change, 2> changes_;  // to daylight, back to standard
};

}  // namespace steelyard::router
