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

constexpr std::int64_t rolling_s_min = 60, rolling_s_max = 366 * 86'400;

Shape per_shape() {
  return either_shape(
      {choice_shape({"day", "month", "lifetime", "hour", "week", "quarter", "year"}),
       text_shape("a stretch of time such as `rolling 24h`", "rolling [0-9]+(m|h|d)")});
}

void bind_rolling(BindContext& context, const YamlNode& node, std::string_view text, B& out) {
  const Parsed<std::int64_t> ms = parse_duration_ms(text);
  if (!ms || *ms % 1'000 != 0 || *ms / 1'000 < rolling_s_min || *ms / 1'000 > rolling_s_max)
    return context.wrong_value("C0204", node, "expected `rolling 24h`, from `1m` to `366d`");
  out.per = WindowKind::rolling;
  out.rolling_s = *ms / 1'000;
}

void bind_per(BindContext& context, const YamlNode& node, B& out) {
  constexpr std::string_view rolling = "rolling ";
  if (node.kind == YamlNode::Kind::scalar && node.text.starts_with(rolling))
    return bind_rolling(context, node, std::string_view(node.text).substr(rolling.size()), out);
  constexpr WindowKind kinds[] = {WindowKind::day,  WindowKind::month, WindowKind::lifetime,
                                  WindowKind::hour, WindowKind::week,  WindowKind::quarter,
                                  WindowKind::year};
  std::vector<std::string> names;
  for (const WindowKind kind : kinds) names.emplace_back(window_word(kind));
  if (const auto index = bind_choice(context, node, names)) out.per = kinds[*index];
}

// A user or a tag: what a client may send as one.
std::optional<std::string> bind_who(BindContext& context, const YamlNode& node) {
  std::optional<std::string> text = context.text(node, "a name");
  if (!text) return std::nullopt;
  if (!text->empty() && text->size() <= 128) return text;
  context.wrong_value("C0203", node, "expected a name of 1 to 128 bytes");
  return std::nullopt;
}

// One of `user`, `tag`, `model`, `each`; a second one is refused.
void choose_of(BindContext& context, const YamlNode& node, BudgetOf of, B& out) {
  if (out.of != BudgetOf::all)
    context.sink.error("C0424", node.at, "a budget counts by one thing only", "the second one",
                       "write two budgets: a request needs room in both");
  out.of = of;
}

Field<B> of_field(std::string key, BudgetOf of, std::string doc) {
  const bool glob = of == BudgetOf::model;
  return custom<B>(std::move(key), glob ? glob_shape() : text_shape("a name"), std::move(doc),
                   [of, glob](BindContext& context, const YamlNode& node, B& out) {
                     auto name = glob ? bind_glob(context, node) : bind_who(context, node);
                     if (!name) return;
                     choose_of(context, node, of, out);
                     out.of_name = std::move(*name);
                   });
}

void bind_each(BindContext& context, const YamlNode& node, B& out) {
  constexpr BudgetOf kinds[] = {BudgetOf::each_user, BudgetOf::each_tag, BudgetOf::each_model};
  const auto index = bind_choice(context, node, {"user", "tag", "model"});
  if (index) choose_of(context, node, kinds[*index], out);
}

void bind_beyond(BindContext& context, const YamlNode& node, B& out) {
  const auto index = bind_choice(context, node, {"share", "refuse"});
  if (index) out.refuse_more = *index == 1;
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
  constexpr const char* what = "`warn`, `require_approval`, `block` or `{max_tier: economy}`";
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
  for (const ThresholdAction action :
       {ThresholdAction::warn, ThresholdAction::block, ThresholdAction::require_approval}) {
    if (*text != action_word(action)) continue;
    out.action = action;
    return true;
  }
  context.wrong_value("C0203", node, std::string("expected ") + what);
  return false;
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

constexpr std::int32_t pace_percent_max = 1'000;

// `{120%: {max_tier: standard}, 150%: {max_tier: economy}}`
void bind_pace(BindContext& context, const YamlNode& node, B& out) {
  if (node.kind != YamlNode::Kind::map)
    return context.wrong_type(node, "a map such as `{120%: {max_tier: standard}}`");
  for (const YamlEntry& entry : node.entries) {
    Threshold step;
    const Parsed<std::int32_t> percent = parse_percent(entry.key);
    if (!percent || *percent <= 100 || *percent > pace_percent_max) {
      context.sink.error("C0212", entry.key_at, "`" + entry.key + "` is not a pace",
                         "expected a percentage from `101%` to `1000%`: 100 % is on time");
      continue;
    }
    if (entry.value.kind != YamlNode::Kind::map) {
      context.wrong_value("C0203", entry.value, "expected `{max_tier: economy}`");
      continue;
    }
    if (!bind_action(context, entry.value, step)) continue;
    step.percent = *percent;
    out.pace.push_back(std::move(step));
  }
  std::sort(out.pace.begin(), out.pace.end(),
            [](const Threshold& a, const Threshold& b) { return a.percent < b.percent; });
}

void bind_thresholds(BindContext& context, const YamlNode& node, B& out) {
  if (node.kind != YamlNode::Kind::map) {
    return context.wrong_type(node, "a map such as `{80%: warn, 100%: block}`");
  }
  for (const YamlEntry& entry : node.entries) bind_threshold(context, entry, out);
  std::sort(out.thresholds.begin(), out.thresholds.end(),
            [](const Threshold& a, const Threshold& b) { return a.percent < b.percent; });
}

// `600/min`, `2M/hour`: how much, and in how long.
Shape rate_shape() {
  return text_shape("an amount in a stretch of time: `600/min`",
                    "[0-9][0-9._,]*[kKM]?/(s|min|hour|day)");
}

void bind_rate(BindContext& context, const YamlNode& node, std::int64_t& amount,
               std::int64_t& per_ms) {
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"s", 1'000}, {"min", 60'000}, {"hour", 3'600'000}, {"day", 86'400'000}};
  const std::optional<std::string> text = context.text(node, "a rate such as `600/min`");
  if (!text) return;
  const std::size_t slash = std::min(text->find('/'), text->size());
  const Parsed<std::int64_t> count = parse_count(std::string_view(*text).substr(0, slash));
  for (const auto& [word, ms] : units) {
    if (!count || *count < 1 || *count > 1'000'000'000'000) break;
    if (slash == text->size() || std::string_view(*text).substr(slash + 1) != word) continue;
    amount = *count;
    per_ms = ms;
    return;
  }
  context.wrong_value("C0201", node,
                      "expected a number and `/s`, `/min`, `/hour` or `/day`: `600/min`");
}

}  // namespace

const Table<RateSpec>& rate_table() {
  using R = RateSpec;
  static const Table<R> table{
      "rate",
      "`rate`",
      "How much may begin in any trailing stretch of time. More is refused with 429.",
      {custom<R>("requests", rate_shape(), "so many requests",
                 [](BindContext& context, const YamlNode& node, R& out) {
                   bind_rate(context, node, out.requests, out.requests_per_ms);
                 }),
       custom<R>("tokens", rate_shape(), "so many tokens, input and output together",
                 [](BindContext& context, const YamlNode& node, R& out) {
                   bind_rate(context, node, out.tokens, out.tokens_per_ms);
                 })},
      {}};
  return table;
}

const Table<BudgetSpec>& budget_table() {
  Shape action = either_shape(
      {choice_shape({"warn", "block", "require_approval"}), object_shape("threshold")});
  static const Table<B> table{
      "budget",
      "a budget",
      "An amount of money for a window of time.",
      {required(custom<B>("limit", money_shape(), "the amount", bind_limit)),
       custom<B>("per", per_shape(), "the calendar window it is for, or a rolling one", bind_per,
                 "month"),
       custom<B>(
           "starts", starts_shape(),
           "where a window begins: the weekday of a week, the day of a month, the first month "
           "of a quarter or year",
           bind_starts),
       time_zone<B>("time_zone", &B::time_zone, "where the day or month begins"),
       custom<B>("at", map_shape(std::move(action)),
                 "what happens at which percentage; without `100%`, 100 % blocks", bind_thresholds),
       custom<B>("pace", map_shape(object_shape("threshold")),
                 "which tiers are left when the budget is used faster than time passes: "
                 "`{120%: {max_tier: standard}}`",
                 bind_pace),
       of_field("user", BudgetOf::user, "only requests of this user"),
       of_field("tag", BudgetOf::tag, "only requests with this tag (`x-steelyard-tags`)"),
       of_field("model", BudgetOf::model, "only requests to models of this name"),
       custom<B>("each", choice_shape({"user", "tag", "model"}),
                 "so much for each user, tag or model that appears, by itself", bind_each),
       integer<B>("names_max", &B::names_max, 1, 1'000'000,
                  "with `each`: so many names have a budget of their own"),
       custom<B>("beyond", choice_shape({"share", "refuse"}),
                 "with `each`: further names share one budget of this size, or are refused",
                 bind_beyond, "share")},
      {{"tokens", "budgets are in money for now: write `limit`"}}};
  return table;
}

}  // namespace steelyard
