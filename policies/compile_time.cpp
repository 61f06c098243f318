// Hours, weekdays and zones of a rule.
#include <algorithm>

#include "policies/compiler.h"

namespace steelyard::policies {
namespace {

int day_of(std::string_view name) {
  constexpr std::string_view days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto* found = std::find(std::begin(days), std::end(days), name);
  return found == std::end(days) ? -1 : static_cast<int>(found - std::begin(days));
}

int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : -1;
}

// "HH:MM" → minutes, -1 when malformed.
int minutes_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return -1;
  const int h1 = digit(text[0]), h2 = digit(text[1]), m1 = digit(text[3]), m2 = digit(text[4]);
  if (h1 < 0 || h2 < 0 || m1 < 0 || m2 < 0 || m1 > 5) return -1;
  const int minutes = (h1 * 10 + h2) * 60 + m1 * 10 + m2;
  return minutes <= 1440 ? minutes : -1;
}

}  // namespace

std::uint8_t weekdays_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  const int from = day_of(text.substr(0, dash));
  const int to = dash == std::string_view::npos ? from : day_of(text.substr(dash + 1));
  if (from < 0 || to < 0) return 0;
  unsigned bits = 0;
  for (int day = from;; day = (day + 1) % 7) {
    bits |= 1u << day;
    if (day == to) break;
  }
  return static_cast<std::uint8_t>(bits);
}

bool hours_of(std::string_view text, std::int16_t& from, std::int16_t& to) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const int a = minutes_of(text.substr(0, dash));
  const int b = minutes_of(text.substr(dash + 1));
  if (a < 0 || a == 1440 || b < 0 || a == b) return false;
  from = static_cast<std::int16_t>(a);
  to = static_cast<std::int16_t>(b);
  return true;
}

std::uint16_t Compiler::zone_number(const std::string& zone) {
  std::vector<std::string>& zones = out_.rules.zones_;
  const auto found = std::find(zones.begin(), zones.end(), zone);
  if (found != zones.end()) return static_cast<std::uint16_t>(found - zones.begin());
  zones.push_back(zone);
  return static_cast<std::uint16_t>(zones.size() - 1);
}

void Compiler::compile_time(const PolicySpec& policy, Rule& rule) {
  const WhenSpec& when = policy.when;
  if (when.weekdays.empty() && !when.hours) return;
  TimeCondition& time = rule.time;
  time.given = true;
  time.zone = zone_number(when.time_zone.empty() ? "UTC" : when.time_zone);
  if (!when.weekdays.empty()) time.weekdays = 0;
  for (const std::string& day : when.weekdays) {
    const std::uint8_t bits = weekdays_of(day);
    if (bits == 0)
      report(Severity::error, "P0303", policy.at, "`" + day + "` is not a weekday",
             "write mon, tue, wed, thu, fri, sat, sun, or a range as mon-fri");
    time.weekdays |= bits;
  }
  if (when.hours && !hours_of(*when.hours, time.minute_from, time.minute_to))
    report(Severity::error, "P0303", policy.at, "`" + *when.hours + "` is not a span of hours",
           "write it as 08:00-18:00; 22:00-06:00 goes past midnight");
}

}  // namespace steelyard::policies
