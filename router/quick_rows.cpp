#include "router/quick_rows.h"

#include <algorithm>

#include "router/catalog.h"
#include "router/meter.h"

namespace steelyard::router {
namespace {

constexpr std::int64_t boundless = INT64_MAX / 2;  // leaves room to subtract a prompt

bool odd(const Rates& rates) {
  return std::any_of(rates.price.begin(), rates.price.end(),
                     [](PicoUsd price) { return price.v < 0 || price.v > quick_price_max; });
}

// Sound or pictures cost more than text: what is dearest depends on the request.
bool dear_media(const Rates& rates) {
  return dearest_output(rates) > rates.of(TokenClass::output) ||
         std::max(rates.of(TokenClass::audio_input), rates.of(TokenClass::image_input)) >
             rates.of(TokenClass::input);
}

bool odd(std::span<const ClockRule> clock) {
  return std::any_of(clock.begin(), clock.end(), [](const ClockRule& rule) {
    return rule.percent < 0 || rule.percent > quick_percent_max;
  });
}

QuickPrice quick_price(const PeriodView& period) {
  QuickPrice quick;
  quick.from = period.from;
  quick.until = period.until;
  const Rates& rates = period.standard.bands.front().rates;
  if (odd(rates) || dear_media(rates) || odd(period.clock)) return quick;
  const bool cliffs = period.standard.bands.size() > 1;
  quick.tokens_max = cliffs ? period.standard.bands[1].above_tokens : INT64_MAX;
  quick.fresh = {rates.of(TokenClass::input).v, rates.of(TokenClass::cache_write_5m).v,
                 rates.of(TokenClass::cache_write_1h).v};
  for (const CacheWrites writes :
       {CacheWrites::none, CacheWrites::five_minutes, CacheWrites::one_hour})
    quick.dearest[static_cast<std::size_t>(writes)] = dearest_input(rates, writes).v;
  quick.cached = rates.of(TokenClass::cache_read).v;
  quick.output = rates.of(TokenClass::output).v;
  return quick;
}

// The least of all periods, cliffs and hours.
PriceStep least_of(const Model& model, std::uint32_t index) {
  PriceStep none, step;
  none.model = step.model = index;
  // Without a price it is never chosen, and no sum may wrap.
  step.input_least = step.output_least = quick_price_max;
  for (std::size_t p = 0; p < model.prices.periods(); ++p) {
    const PeriodView period = model.prices.period(p);
    if (odd(period.clock)) return none;
    std::int32_t percent = 100;
    for (const ClockRule& rule : period.clock) percent = std::min(percent, rule.percent);
    for (const PriceBand& band : period.standard.bands) {
      if (odd(band.rates)) return none;
      const auto price = [&](TokenClass type) {
        return static_cast<std::uint64_t>(band.rates.of(type).v * percent / 100);
      };
      const std::uint64_t fresh =
          std::min({price(TokenClass::input), price(TokenClass::cache_write_5m),
                    price(TokenClass::cache_write_1h)});
      step.input_least = std::min(step.input_least, fresh);
      step.output_least = std::min(step.output_least, price(TokenClass::output));
    }
  }
  return step;
}

std::uint32_t abilities(const Capabilities& can) {
  return (can.tools ? need_tools : 0u) | (can.vision ? need_vision : 0u) |
         (can.structured_output ? need_structured_output : 0u) |
         (can.reasoning ? need_reasoning : 0u);
}

QuickModel quick_model(const Model& model) {
  QuickModel row;
  row.id = model.id;
  row.context_tokens = model.context_tokens > 0 ? model.context_tokens : boundless;
  row.output_tokens_max = model.output_tokens_max > 0 ? model.output_tokens_max : boundless;
  row.cache_min_tokens = model.cache_min_tokens;
  row.ratio_percent = model.token_ratio_percent;
  row.upper_percent = model.token_upper_percent;
  row.refuses = model.refuses;
  row.can = abilities(model.can);
  row.tiers = model.tiers;
  row.rank = model.rank;
  row.target_first = model.target_first;
  row.target_count = model.target_count;
  return row;
}

}  // namespace

QuickRows::QuickRows(std::span<const Model> models, std::size_t tiers)
    : steps_((tiers + 1) * mixes) {
  models_.reserve(models.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    const Model& model = models[i];
    QuickModel row = quick_model(model);
    add_prices(model, row);
    models_.push_back(row);
    output_tokens_least_ = std::min(output_tokens_least_, row.output_tokens_max);
    context_tokens_least_ = std::min(context_tokens_least_, row.context_tokens);
    if (model.target_count == 0) continue;
    const PriceStep step = least_of(model, static_cast<std::uint32_t>(i));
    for (std::size_t tier = 0; tier <= tiers; ++tier)
      if (tier == 0 || model.meets(static_cast<std::int32_t>(tier) - 1))
        for (std::size_t mix = 0; mix < mixes; ++mix) steps_[tier * mixes + mix].push_back(step);
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) put_in_order(steps_[i], i % mixes);
}

void QuickRows::put_in_order(std::vector<PriceStep>& steps, std::size_t mix) {
  const auto price = [mix](const PriceStep& step) {
    return mix_input[mix] * step.input_least + mix_output * step.output_least;
  };
  std::sort(steps.begin(), steps.end(), [&](const PriceStep& a, const PriceStep& b) {
    return price(a) != price(b) ? price(a) < price(b) : a.model < b.model;
  });
  std::uint64_t input = UINT64_MAX, output = UINT64_MAX;
  for (std::size_t i = steps.size(); i-- > 0;) {
    steps[i].input_rest = input = std::min(input, steps[i].input_least);
    steps[i].output_rest = output = std::min(output, steps[i].output_least);
  }
}

void QuickRows::add_prices(const Model& model, QuickModel& row) {
  row.price_first = static_cast<std::int32_t>(prices_.size());
  row.price_count = static_cast<std::int32_t>(model.prices.periods());
  for (std::size_t p = model.prices.periods(); p > 0; --p) {
    const PeriodView period = model.prices.period(p - 1);
    QuickPrice price = quick_price(period);
    price.clock_first = static_cast<std::int32_t>(clock_.size());
    price.clock_count = static_cast<std::int32_t>(period.clock.size());
    clock_.insert(clock_.end(), period.clock.begin(), period.clock.end());
    if (std::max(row.ratio_percent, row.upper_percent) > 10'000) price.tokens_max = -1;
    prices_.push_back(price);
  }
}

}  // namespace steelyard::router
