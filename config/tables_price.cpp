// Prices of a model.
#include <algorithm>

#include "config/fields.h"
#include "config/price_draft.h"
#include "config/tables.h"
#include "config/tables_price.h"
#include "config/weekdays.h"

namespace steelyard {
namespace {

template <class T>
Field<T> price(std::string key, TokenClass which, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    const std::optional<std::string> text = context.text(node, "dollars per million tokens");
    if (!text) return;
    const Parsed<PicoUsd> value = parse_price(*text);
    if (!value) return context.wrong_value("C0208", node, value.error());
    out.rates.of(which) = *value;
  };
  return custom<T>(std::move(key), price_shape(), std::move(doc), bind);
}

// The price keys every row has.
template <class T>
std::vector<Field<T>> price_fields() {
  return {
      price<T>("input", TokenClass::input, "prompt tokens"),
      price<T>("output", TokenClass::output, "answer tokens, reasoning included"),
      price<T>("cache_read", TokenClass::cache_read, "prompt tokens found in the cache"),
      price<T>("cache_write_5m", TokenClass::cache_write_5m, "prompt tokens stored for 5 minutes"),
      price<T>("cache_write_1h", TokenClass::cache_write_1h, "prompt tokens stored for an hour"),
      price<T>("audio_input", TokenClass::audio_input, "prompt tokens of sound"),
      price<T>("audio_output", TokenClass::audio_output, "answer tokens of sound"),
      price<T>("image_input", TokenClass::image_input, "prompt tokens of pictures"),
      price<T>("image_output", TokenClass::image_output, "answer tokens of pictures")};
}

template <class T>
std::vector<Field<T>> with(std::vector<Field<T>> fields, std::vector<Field<T>> more) {
  for (Field<T>& field : more) fields.push_back(std::move(field));
  return fields;
}

const Table<CliffDraft>& cliff_table() {
  using C = CliffDraft;
  std::vector<Field<C>> fields{
      required(integer<C>("above", &C::above_tokens, 1, 100'000'000,
                          "applies when the prompt has strictly more tokens")),
      choice<C, CliffKind>(
          "kind", &C::kind,
          {{"whole_request", CliffKind::whole_request}, {"marginal", CliffKind::marginal}},
          "all tokens of the request cost this, or only those above")};
  static const Table<C> table{
      "long_context",
      "a long-context rule",
      "Prices of long prompts. What is not written keeps its proportion to `input`.",
      with(std::move(fields), price_fields<C>()),
      {}};
  return table;
}

const Table<ServiceDraft>& service_table() {
  static const Table<ServiceDraft> table{
      "service",
      "a service tier",
      "Prices of a service tier. What is not written keeps its proportion to `input`.",
      price_fields<ServiceDraft>(),
      {}};
  return table;
}

// `clock:` entries: each of the hours becomes a rule.
struct ClockDraft {
  std::uint8_t weekdays = 0x7F;
  std::vector<MinuteRange> hours;
  std::int32_t percent = 100;
};

void bind_clock_hours(BindContext& context, const YamlNode& node, ClockDraft& out) {
  for (const YamlNode* item : list_items(context, node, "hours such as `01:00-04:00`", true)) {
    const std::optional<std::string> text = context.text(*item, "hours such as `01:00-04:00`");
    if (!text) continue;
    const Parsed<MinuteRange> range = parse_hours(*text);
    if (!range) {
      context.wrong_value("C0211", *item, range.error());
    } else if (range->to <= range->from) {
      context.sink.error("C0211", item->at, "tariff hours do not wrap midnight",
                         "ends before it begins", "split it at `24:00`");
    } else {
      out.hours.push_back(*range);
    }
  }
}

const Table<ClockDraft>& clock_table() {
  using C = ClockDraft;
  static const Table<C> table{
      "clock",
      "a tariff",
      "A tariff by the clock, in UTC. The first one that matches counts.",
      {custom<C>("days", weekdays_shape(), "days of the week; without it, all",
                 [](BindContext& context, const YamlNode& node, C& out) {
                   out.weekdays = bind_weekdays(context, node);
                 }),
       required(
           custom<C>("hours",
                     one_or_list_shape(text_shape("hours such as `01:00-04:00`",
                                                  "[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]")),
                     "hours of the day, UTC", bind_clock_hours)),
       required(custom<C>("percent", percent_shape(), "multiplies every price",
                          [](BindContext& context, const YamlNode& node, C& out) {
                            const std::optional<std::string> text =
                                context.text(node, "a percentage such as `200%`");
                            if (!text) return;
                            const Parsed<std::int32_t> percent = parse_percent(*text);
                            if (!percent)
                              return context.wrong_value("C0212", node, percent.error());
                            out.percent = *percent;
                          }))},
      {}};
  return table;
}

using D = PeriodDraft;

void bind_clock(BindContext& context, const YamlNode& node, D& out) {
  for (const YamlNode* item : list_items(context, node, "a list of tariffs", false)) {
    ClockDraft draft;
    if (!bind_map(context, *item, item->at, clock_table(), draft)) continue;
    for (const MinuteRange& range : draft.hours)
      out.period.clock.push_back({draft.weekdays, range.from, range.to, draft.percent});
  }
}

void bind_cliffs(BindContext& context, const YamlNode& node, D& out) {
  for (const YamlNode* item : list_items(context, node, "a list of long-context rules", false)) {
    CliffDraft draft;
    draft.at = item->at;
    if (bind_map(context, *item, item->at, cliff_table(), draft)) out.cliffs.push_back(draft);
  }
}

Field<D> service(std::string key, std::optional<ServiceDraft> D::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, D& out) {
    ServiceDraft draft;
    if (node.kind == YamlNode::Kind::map) {
      bind_map(context, node, node.at, service_table(), draft);
    } else {
      const std::optional<std::string> text =
          context.text(node, "a percentage such as `50%`, or prices");
      if (!text) return;
      const Parsed<std::int32_t> percent = parse_percent(*text);
      if (!percent) return context.wrong_value("C0212", node, percent.error());
      draft.percent = *percent;
    }
    out.*member = draft;
  };
  return custom<D>(std::move(key), either_shape({percent_shape(), object_shape("service")}),
                   std::move(doc), bind);
}

Field<D> date(std::string key, Instant PricePeriod::*member, bool D::*given, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, D& out) {
    const std::optional<std::string> text = context.text(node, "a date such as `2026-11-30`");
    if (!text) return;
    const Parsed<Instant> value = parse_instant(*text);
    if (!value) return context.wrong_value("C0209", node, value.error());
    out.period.*member = *value;
    out.*given = true;
  };
  return custom<D>(std::move(key),
                   text_shape("a date such as `2026-11-30` or `2026-11-30T16:00:00Z`"),
                   std::move(doc), bind);
}

// Dollars per 1,000 are to a nano-dollar what dollars per million are to a pico-dollar: the text
// with six decimals moved out.
void bind_web_search(BindContext& context, const YamlNode& node, D& out) {
  const std::optional<std::string> text = context.text(node, "dollars per 1,000 searches");
  if (!text) return;
  const Parsed<PicoUsd> value = parse_price(*text);
  if (!value) return context.wrong_value("C0208", node, value.error());
  out.period.web_search = NanoUsd{value->v};
}

Field<D> words(std::string key, std::string PricePeriod::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, D& out) {
    if (auto value = context.text(node, "text")) out.period.*member = std::move(*value);
  };
  return custom<D>(std::move(key), text_shape("text"), std::move(doc), bind);
}

}  // namespace

const Table<PeriodDraft>& period_table() {
  std::vector<Field<D>> prices = price_fields<D>();
  for (Field<D>& field : prices)
    field.info.required = field.info.key == "input" || field.info.key == "output";
  std::vector<Field<D>> rest{
      date("from", &PricePeriod::from, &D::has_from, "valid from this instant; UTC"),
      date("until", &PricePeriod::until, &D::has_until,
           "first instant it is not valid any more; without it, the next period's `from`"),
      custom<D>("long_context", list_shape(object_shape("long_context")), "prices of long prompts",
                bind_cliffs),
      custom<D>("clock", list_shape(object_shape("clock")), "tariffs by the clock", bind_clock),
      service("batch", &D::batch, "the batch API"),
      service("flex", &D::flex, "slow and cheap"),
      service("priority", &D::priority, "fast and dear"),
      custom<D>("web_search", price_shape(),
                "web searches that the provider makes for the model, dollars per 1,000; without it "
                "nobody knows, and a request that may search is refused where money is limited",
                bind_web_search),
      choice<D, SearchFee>("web_search_per", &D::web_search_per,
                           {{"search", SearchFee::search}, {"answer", SearchFee::answer}},
                           "what `web_search` is for: each one, or an answer with any number"),
      words("source", &PricePeriod::source, "where the figures were read"),
      words("note", &PricePeriod::note, "promotions, and catalogues that disagree")};
  static const Table<D> table{"price",
                              "a price period",
                              "Prices in USD per million tokens, valid for a time.",
                              with(std::move(prices), std::move(rest)),
                              {}};
  return table;
}

void append_price_parts(std::vector<TableInfo>& out) {
  for (TableInfo info : {period_table().info(), cliff_table().info(), service_table().info(),
                         clock_table().info()}) {
    out.push_back(std::move(info));
  }
}

}  // namespace steelyard
