// Dates, hours, time zones and addresses.
#include <algorithm>
#include <charconv>

#include "config/values.h"

namespace steelyard {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

auto expected(const char* what) {
  return tl::unexpected<std::string>(std::string("expected ") + what);
}

// Exactly `digits` digits at the front, which are removed.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits ||
      !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), digit))
    return false;
  std::from_chars(text.data(), text.data() + digits, out);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : days[month - 1];
}

// Days since 1970-01-01 in the proleptic Gregorian calendar; year 1970 to 2200.
std::int64_t days_since_epoch(int year, int month, int day) {
  const std::int64_t before = year - 1;  // whole years before this one, counted from year 1
  std::int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719'162;
  for (int m = 1; m < month; ++m) days += days_in(year, m);
  return days + day - 1;
}

bool take_minute(std::string_view& text, std::int32_t& minute) {
  int h = 0, m = 0;
  if (!take_number(text, 2, h) || !take(text, ':') || !take_number(text, 2, m)) return false;
  minute = h * 60 + m;
  return m < 60 && minute <= 1440;
}

bool ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !take(text, '.')) return false;
    const std::size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
    int value = 0;
    if (length == 0 || length > 3 || (length > 1 && text.front() == '0')) return false;
    take_number(text, length, value);
    if (value > 255) return false;
  }
  return text.empty();
}

bool ipv6(std::string_view text) {
  return text.size() >= 2 && text.size() <= 45 && std::count(text.begin(), text.end(), ':') >= 2 &&
         text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

}  // namespace

Parsed<Instant> parse_instant(std::string_view text) {
  constexpr const char* what = "a date such as `2026-11-30` or `2026-11-30T16:00:00Z`";
  int year = 0, month = 0, day = 0, h = 0, m = 0, s = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) ||
      !take(text, '-') || !take_number(text, 2, day)) {
    return expected(what);
  }
  if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 ||
      day > days_in(year, month)) {
    return expected("a day that exists, from 1970 to 2200");
  }
  if (!text.empty()) {
    const bool time = take(text, 'T') && take_number(text, 2, h) && take(text, ':') &&
                      take_number(text, 2, m) && take(text, ':') && take_number(text, 2, s) &&
                      take(text, 'Z');
    if (!time || !text.empty() || h > 23 || m > 59 || s > 59) return expected(what);
  }
  return Instant::from_seconds(days_since_epoch(year, month, day) * 86'400 + h * 3'600 + m * 60 +
                               s);
}

Parsed<MinuteRange> parse_hours(std::string_view text) {
  MinuteRange range;
  if (!take_minute(text, range.from) || !take(text, '-') || !take_minute(text, range.to) ||
      !text.empty() || range.from == 1440 || range.from == range.to) {
    return expected("hours such as `08:00-18:00`");
  }
  return range;
}

Parsed<ListenSpec> parse_listen(std::string_view text) {
  constexpr const char* what = "an address such as `127.0.0.1:8080`, `[::1]:8080` or `:8080`";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return expected(what);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  ListenSpec listen;
  const auto done = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (port.empty() || done.ec != std::errc{} || done.ptr != port.data() + port.size()) {
    return expected("a port from 0 to 65535 after the last `:`");
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed ? !ipv6(host) : !(host.empty() || ipv4(host) || host == "localhost"))
    return expected(what);
  listen.host = host.empty() ? "0.0.0.0" : host == "localhost" ? "127.0.0.1" : std::string(host);
  return listen;
}

bool looks_like_time_zone(std::string_view text) {
  if (text.empty() || text.size() > 64 || !letter(text.front())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (letter(c) || digit(c) || c == '_' || c == '+' || c == '-') continue;
    if (c == '/' && i + 1 < text.size() && text[i + 1] != '/') continue;
    return false;
  }
  // "Berlin" alone is no zone; the few names without a slash are listed.
  constexpr std::string_view single[] = {
      "UTC",    "GMT",     "EST",     "MST",     "HST",      "CET",   "MET",       "EET",
      "WET",    "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",  "Japan", "Singapore", "Israel",
      "Turkey", "Egypt",   "Iran",    "Poland",  "Portugal", "Zulu"};
  return text.find('/') != std::string_view::npos ||
         std::find(std::begin(single), std::end(single), text) != std::end(single);
}

}  // namespace steelyard
