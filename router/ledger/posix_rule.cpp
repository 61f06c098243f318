#include "router/ledger/posix_rule.h"

#include <string>

#include "router/ledger/zone.h"

namespace steelyard::router {

namespace {

constexpr std::int64_t kDay = 86'400;

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool leap(std::int32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

std::int32_t year_of(std::int64_t seconds) {
  return civil_from_days(seconds / kDay - (seconds % kDay < 0 ? 1 : 0)).year;
}

}  // namespace

// A cursor over the text; every function returns false on a syntax error.
struct PosixRuleParser {
  std::string_view text;
  std::size_t at = 0;

  bool done() const { return at == text.size(); }
  bool take(char c) {
    if (done() || text[at] != c) return false;
    ++at;
    return true;
  }

  // "CET", "<+0330>": at least three characters.
  bool name() {
    const std::size_t start = at;
    if (take('<')) {
      while (!done() &&
             (is_letter(text[at]) || is_digit(text[at]) || text[at] == '+' || text[at] == '-'))
        ++at;
      return take('>') && at - start >= 5;
    }
    while (!done() && is_letter(text[at])) ++at;
    return at - start >= 3;
  }

  bool number(std::int32_t max, std::int32_t& out) {
    if (done() || !is_digit(text[at])) return false;
    std::int32_t value = 0;
    for (; !done() && is_digit(text[at]); ++at) {
      value = value * 10 + (text[at] - '0');
      if (value > max) return false;
    }
    out = value;
    return true;
  }

  // [+-]hh[:mm[:ss]] in seconds.
  bool clock(std::int32_t hours_max, std::int32_t& out) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t hours = 0, minutes = 0, seconds = 0;
    if (!number(hours_max, hours)) return false;
    if (take(':') && !number(59, minutes)) return false;
    if (take(':') && !number(59, seconds)) return false;
    out = hours * 3600 + minutes * 60 + seconds;
    if (negative) out = -out;
    return true;
  }

  bool change(PosixRule::Change& out) {
    if (take('M')) {
      out.kind = PosixRule::DayKind::month_week;
      if (!number(12, out.month) || out.month < 1 || !take('.')) return false;
      if (!number(5, out.week) || out.week < 1 || !take('.')) return false;
      if (!number(6, out.day)) return false;
    } else if (take('J')) {
      out.kind = PosixRule::DayKind::julian;
      if (!number(365, out.day) || out.day < 1) return false;
    } else {
      out.kind = PosixRule::DayKind::zero_based;
      if (!number(365, out.day)) return false;
    }
    return !take('/') || clock(167, out.seconds);
  }

  bool rule(PosixRule& out) {
    std::int32_t west = 0;
    if (!name() || !clock(24, west)) return false;
    out.standard_ = out.daylight_ = -west;
    if (done()) return true;
    if (!name()) return false;
    out.has_daylight_ = true;
    out.daylight_ = out.standard_ + 3600;
    if (!done() && text[at] != ',') {
      if (!clock(24, west)) return false;
      out.daylight_ = -west;
    }
    return take(',') && change(out.changes_[0]) && take(',') && change(out.changes_[1]) && done();
  }
};

std::int64_t PosixRule::Change::local_seconds(std::int32_t year) const {
  std::int64_t days = 0;
  if (kind == DayKind::month_week) {
    const std::int64_t first = days_from_civil({year, month, 1});
    // 1 January 1970 was a Thursday (4).
    const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;
    const std::int64_t next =
        month == 12 ? days_from_civil({year + 1, 1, 1}) : days_from_civil({year, month + 1, 1});
    days = first + (day - weekday + 7) % 7 + 7 * (week - 1);
    while (days >= next) days -= 7;  // week 5 is the last one
  } else {
    days = days_from_civil({year, 1, 1}) + day;
    // Jn never counts 29 February: J60 is 1 March in every year.
    if (kind == DayKind::julian) days -= leap(year) && day >= 60 ? 0 : 1;
  }
  return days * kDay + seconds;
}

Result<PosixRule> PosixRule::parse(std::string_view text) {
  PosixRule out;
  PosixRuleParser parser{text};
  if (!parser.rule(out))
    return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
                "bad POSIX time zone rule `" + std::string(text.substr(0, 64)) + "`");
  return out;
}

PosixRule::Period PosixRule::at(std::int64_t utc_seconds) const {
  if (!has_daylight_) return {standard_, INT64_MAX};
  // A change may fall up to a week and more outside its year (times reach 167 hours): look at five
  // years.
  const std::int32_t year = year_of(utc_seconds);
  std::int64_t last = INT64_MIN, next = INT64_MAX;
  std::int32_t offset = standard_;
  for (std::int32_t y = year - 2; y <= year + 2; ++y) {
    const std::int64_t to_standard = changes_[1].local_seconds(y) - daylight_;
    const std::int64_t to_daylight = changes_[0].local_seconds(y) - standard_;
    // Ties go to daylight time: "XXX3EDT4,0/0,J365/23" means daylight time all year.
    if (to_standard <= utc_seconds && to_standard > last) last = to_standard, offset = standard_;
    if (to_daylight <= utc_seconds && to_daylight >= last) last = to_daylight, offset = daylight_;
    if (to_standard > utc_seconds && to_standard < next) next = to_standard;
    if (to_daylight > utc_seconds && to_daylight < next) next = to_daylight;
  }
  return {offset, next};
}

}  // namespace steelyard::router
