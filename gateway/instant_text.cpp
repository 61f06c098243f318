#include "gateway/instant_text.h"

#include <charconv>

#include "router/ledger/zone.h"

namespace steelyard {
namespace {

// Takes `width` digits off the front.
bool take(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  const auto read = std::from_chars(text.data(), text.data() + width, value);
  if (read.ec != std::errc() || read.ptr != text.data() + width) return false;
  text.remove_prefix(width);
  return true;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool parse_instant(std::string_view text, Instant& out) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take(text, 4, year) || !skip(text, '-') || !take(text, 2, month) || !skip(text, '-') ||
      !take(text, 2, day))
    return false;
  if (!text.empty()) {
    if (!skip(text, 'T') || !take(text, 2, hour) || !skip(text, ':') || !take(text, 2, minute))
      return false;
    if (skip(text, ':') && !take(text, 2, second)) return false;
  }
  if (!text.empty() || hour > 23 || minute > 59 || second > 59 || month < 1 || month > 12)
    return false;
  const router::CivilDate date{year, month, day};
  const std::int64_t days = router::days_from_civil(date);
  if (router::civil_from_days(days) != date) return false;  // 30 February
  out = Instant::from_seconds(days * 86'400 + hour * 3'600 + minute * 60 + second);
  return true;
}

}  // namespace steelyard
