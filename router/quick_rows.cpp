#include "router/quick_rows.h"

#include <algorithm>

#include "router/catalog.h"
#include "router/meter.h"

namespace steelyard::router {
namespace {

constexpr std::int64_t boundless = INT64_MAX / 2;  // leaves room to subtract a prompt

QuickPrice quick_price(const PeriodView& period) {
  QuickPrice quick;
  quick.from = period.from;
  quick.until = period.until;
  const Rates& rates = period.standard.bands.front().rates;
  const bool odd = std::any_of(rates.price.begin(), rates.price.end(), [](PicoUsd price) {
    return price.v < 0 || price.v > quick_price_max;
  });
  if (period.by_clock || odd) return quick;
  const bool cliffs = period.standard.bands.size() > 1;
  quick.tokens_max = cliffs ? period.standard.bands[1].above_tokens : INT64_MAX;
  quick.fresh = {rates.of(TokenClass::input).v, rates.of(TokenClass::cache_write_5m).v,
                 rates.of(TokenClass::cache_write_1h).v};
  for (const CacheWrites writes :
       {CacheWrites::none, CacheWrites::five_minutes, CacheWrites::one_hour})
    quick.dearest[static_cast<std::size_t>(writes)] = dearest_input(rates, writes).v;
  quick.output = rates.of(TokenClass::output).v;
  return quick;
}

}  // namespace

QuickRows::QuickRows(std::span<const Model> models) {
  models_.reserve(models.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    const Model& model = models[i];
    QuickModel row;
    row.id = model.id;
    row.context_tokens = model.context_tokens > 0 ? model.context_tokens : boundless;
    row.output_tokens_max = model.output_tokens_max > 0 ? model.output_tokens_max : boundless;
    row.cache_min_tokens = model.cache_min_tokens;
    row.ratio_percent = model.token_ratio_percent;
    row.upper_percent = model.token_upper_percent;
    row.refuses = model.refuses;
    row.tiers = model.tiers;
    row.rank = model.rank;
    row.target_first = model.target_first;
    row.target_count = model.target_count;
    row.price_first = static_cast<std::int32_t>(prices_.size());
    row.price_count = static_cast<std::int32_t>(model.prices.periods());
    for (std::size_t p = model.prices.periods(); p > 0; --p)
      prices_.push_back(quick_price(model.prices.period(p - 1)));
    models_.push_back(row);
    if (model.can.tools) tools.set(i);
    if (model.can.vision) vision.set(i);
    if (model.can.structured_output) structured_output.set(i);
    if (model.can.reasoning) reasoning.set(i);
  }
}

}  // namespace steelyard::router
