// Budgets.
#include <algorithm>
#include <iterator>

#include "config/fields.h"
#include "config/tables.h"
#include "config/weekdays.h"

namespace steelyard {
namespace {

using B = BudgetSpec;

void bind_limit(BindContext& context, const YamlNode& node, B& out) {
  const std::optional<std::string> text = context.text(node, "dollars such as `$2,000`");
  if (!text) return;
  const Parsed<NanoUsd> money = parse_money(*text);
  if (money) {
    out.limit = *money;
    return;
  }
  const bool bare = parse_fixed(*text, 9).has_value();
  context.sink.error("C0205", node.at, "`" + node.text + "` is not an amount of money",
                     money.error(), bare ? "write `$" + node.text + "`" : "");
}

constexpr const char* month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                       "jul", "aug", "sep", "oct", "nov", "dec"};

Shape starts_shape() {
  return either_shape({integer_shape(1, 31), text_shape("a weekday or month", "[a-z]{3}")});
}

void bind_starts(BindContext& context, const YamlNode& node, B& out) {
  const std::optional<std::string> text = context.text(node, "a weekday, a day or a month");
  if (!text) return;
  const auto take = [&](StartsBy as, std::size_t number) {
    out.starts_as = as;
    out.starts = static_cast<std::uint8_t>(number);
  };
  for (std::size_t i = 0; i < weekday_names.size(); ++i)
    if (*text == weekday_names[i]) return take(StartsBy::weekday, i + 1);
  for (std::size_t i = 0; i < std::size(month_names); ++i)
    if (*text == month_names[i]) return take(StartsBy::month, i + 1);
  const Parsed<std::int64_t> day = parse_count(*text);
  if (day && *day >= 1 && *day <= 31) return take(StartsBy::day, static_cast<std::size_t>(*day));
  context.wrong_value("C0203", node, "expected `mon` to `sun`, `1` to `31` or `jan` to `dec`");
}

// False: reported.
bool bind_action(BindContext& context, const YamlNode& node, Threshold& out) {
  constexpr const char* what = "`warn`, `block` or `{max_tier: economy}`";
  if (node.kind == YamlNode::Kind::map) {
    const YamlNode* tier = node.find("max_tier");
    if (tier == nullptr || node.entries.size() != 1) {
      context.sink.error("C0203", node.at, "a threshold with a map has the one key `max_tier`",
                         std::string("expected ") + what);
      return false;
    }
    out.action = ThresholdAction::max_tier;
    if (auto name = bind_name(context, *tier)) out.max_tier = std::move(*name);
    out.at = tier->at;
    return !out.max_tier.empty();
  }
  const std::optional<std::string> text = context.text(node, what);
  if (!text) return false;
  if (*text != "warn" && *text != "block") {
    context.wrong_value("C0203", node, std::string("expected ") + what);
    return false;
  }
  out.action = *text == "warn" ? ThresholdAction::warn : ThresholdAction::block;
  return true;
}

void bind_threshold(BindContext& context, const YamlEntry& entry, B& out) {
  Threshold threshold;
  threshold.at = entry.key_at;
  const Parsed<std::int32_t> percent = parse_percent(entry.key);
  if (!percent || *percent < 1 || *percent > 200) {
    context.sink.error("C0212", entry.key_at, "`" + entry.key + "` is not a threshold",
                       "expected a percentage from `1%` to `200%`");
    return;
  }
  threshold.percent = *percent;
  if (!bind_action(context, entry.value, threshold)) return;
  const auto same = [&](const Threshold& other) { return other.percent == threshold.percent; };
  if (std::any_of(out.thresholds.begin(), out.thresholds.end(), same)) {
    context.sink.error("C0101", entry.key_at, "two thresholds at " + std::to_string(*percent) + "%",
                       "the second one", "keep one of the two");
    return;
  }
  if (threshold.action == ThresholdAction::block && *percent != 100) {
    context.sink.error("C0415", entry.key_at, "only `100%` can block",
                       "blocks at " + std::to_string(*percent) + "%",
                       "write `100%: block` and choose the limit accordingly");
    return;
  }
  out.thresholds.push_back(std::move(threshold));
}

void bind_thresholds(BindContext& context, const YamlNode& node, B& out) {
  if (node.kind != YamlNode::Kind::map) {
    return context.wrong_type(node, "a map such as `{80%: warn, 100%: block}`");
  }
  for (const YamlEntry& entry : node.entries) bind_threshold(context, entry, out);
  std::sort(out.thresholds.begin(), out.thresholds.end(),
            [](const Threshold& a, const Threshold& b) { return a.percent < b.percent; });
}

}  // namespace

const Table<BudgetSpec>& budget_table() {
  Shape action = either_shape({choice_shape({"warn", "block"}), object_shape("threshold")});
  static const Table<B> table{
      "budget",
      "a budget",
      "An amount of money for a window of time.",
      {required(custom<B>("limit", money_shape(), "the amount", bind_limit)),
       choice<B, WindowKind>("per", &B::per,
                             {{"day", WindowKind::day},
                              {"month", WindowKind::month},
                              {"lifetime", WindowKind::lifetime},
                              {"hour", WindowKind::hour},
                              {"week", WindowKind::week},
                              {"quarter", WindowKind::quarter},
                              {"year", WindowKind::year}},
                             "the calendar window it is for"),
       custom<B>(
           "starts", starts_shape(),
           "where a window begins: the weekday of a week, the day of a month, the first month "
           "of a quarter or year",
           bind_starts),
       time_zone<B>("time_zone", &B::time_zone, "where the day or month begins"),
       custom<B>("at", map_shape(std::move(action)),
                 "what happens at which percentage; without `100%`, 100 % blocks",
                 bind_thresholds)},
      {{"tokens", "budgets are in money for now: write `limit`"}}};
  return table;
}

}  // namespace steelyard
