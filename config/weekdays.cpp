#include "config/weekdays.h"

#include <algorithm>

#include "config/fields.h"

namespace steelyard {
namespace {

int day_of(std::string_view name) {
  const auto found = std::find(weekday_names.begin(), weekday_names.end(), name);
  return found == weekday_names.end() ? -1 : static_cast<int>(found - weekday_names.begin());
}

std::uint8_t days_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  const int from = day_of(text.substr(0, dash));
  const int to = dash == std::string_view::npos ? from : day_of(text.substr(dash + 1));
  if (from < 0 || to < 0) return 0;
  std::uint8_t bits = 0;
  for (int day = from;; day = (day + 1) % 7) {
    bits = static_cast<std::uint8_t>(bits | 1u << day);
    if (day == to) return bits;
  }
}

}  // namespace

std::uint8_t bind_weekdays(BindContext& context, const YamlNode& node) {
  std::uint8_t bits = 0;
  bool bad = false;
  for (const YamlNode* item : list_items(context, node, "a list of weekdays", true)) {
    const std::optional<std::string> text =
        context.text(*item, "a weekday such as `mon` or `mon-fri`");
    const std::uint8_t days = text ? days_of(*text) : std::uint8_t{0};
    if (text && days == 0) {
      context.wrong_value(
          "C0211", *item,
          "expected `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun` or a range `mon-fri`");
    }
    bad = bad || days == 0;
    bits = static_cast<std::uint8_t>(bits | days);
  }
  return bad ? std::uint8_t{0} : bits;
}

Shape weekdays_shape() {
  constexpr const char* day = "(mon|tue|wed|thu|fri|sat|sun)";
  return one_or_list_shape(
      text_shape("weekdays such as `mon` or `mon-fri`", std::string(day) + "(-" + day + ")?"));
}

}  // namespace steelyard
