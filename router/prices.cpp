#include "router/prices.h"

#include <algorithm>

#include "config/types/money.h"

namespace steelyard::router {
namespace {

constexpr std::int64_t day_seconds = 86'400;

// Service-tier price above a cliff, per class: tier * cliff / standard, rounded up, saturating.
Rates above_cliff(const Rates& tier, const Rates& cliff, const Rates& standard) {
  Rates out;
  for (std::size_t i = 0; i < token_classes; ++i) {
    const Int128 base = standard.price[i].v;
    const Int128 product = static_cast<Int128>(tier.price[i].v) * cliff.price[i].v;
    const Int128 price = base == 0 ? Int128{cliff.price[i].v} : (product + base - 1) / base;
    out.price[i].v = static_cast<std::int64_t>(std::min<Int128>(price, INT64_MAX));
  }
  return out;
}

}  // namespace

UtcMoment utc_moment(Instant at) {
  const std::int64_t seconds = at.seconds();
  std::int64_t day = seconds / day_seconds;
  std::int64_t second = seconds % day_seconds;
  if (second < 0) {
    second += day_seconds;
    --day;
  }
  UtcMoment moment;
  moment.minute = static_cast<std::int32_t>(second / 60);
  moment.weekday = static_cast<std::uint8_t>(((day + 3) % 7 + 7) % 7);  // day 0 was a Thursday
  return moment;
}

PriceTable::Run PriceTable::append(const PricePeriod& period, const Rates& base) {
  Run run;
  run.first = static_cast<std::uint16_t>(bands_.size());
  bands_.push_back({0, CliffKind::whole_request, base});
  const bool standard = base.price == period.rates.price;
  for (std::size_t i = 0; i < std::min(period.cliffs.size(), cliffs_max); ++i) {
    const Cliff& cliff = period.cliffs[i];
    bands_.push_back({cliff.above_tokens, cliff.kind,
                      standard ? cliff.rates : above_cliff(base, cliff.rates, period.rates)});
  }
  run.count = static_cast<std::uint16_t>(bands_.size() - run.first);
  return run;
}

PriceTable::PriceTable(const std::vector<PricePeriod>& periods) {
  for (const PricePeriod& spec : periods) {
    Period period;
    period.from = spec.from;
    period.until = spec.until;
    period.clock = spec.clock;
    period.source = spec.source;
    period.web_search = spec.web_search.value_or(NanoUsd{-1});
    period.web_search_per = spec.web_search_per;
    const Run standard = append(spec, spec.rates);
    period.runs.fill(standard);
    const auto own = [&](ServiceTier tier, const std::optional<Rates>& rates) {
      if (rates) period.runs[static_cast<std::size_t>(tier)] = append(spec, *rates);
    };
    own(ServiceTier::batch, spec.batch);
    own(ServiceTier::flex, spec.flex);
    own(ServiceTier::priority, spec.priority);
    if (!spec.priority) period.runs[static_cast<std::size_t>(ServiceTier::priority)] = {};
    periods_.push_back(std::move(period));
  }
}

PeriodView PriceTable::period(std::size_t index) const {
  const Period& period = periods_[index];
  const Run run = period.runs[static_cast<std::size_t>(ServiceTier::standard)];
  PeriodView view{period.from, period.until, {}, period.clock};
  view.standard.bands = std::span<const PriceBand>(bands_).subspan(run.first, run.count);
  return view;
}

std::int32_t clock_percent(std::span<const ClockRule> rules, UtcMoment moment) {
  for (const ClockRule& rule : rules)
    if ((rule.weekdays >> moment.weekday & 1) != 0 && moment.minute >= rule.minute_from &&
        moment.minute < rule.minute_to)
      return rule.percent;
  return 100;
}

Tariff PriceTable::tariff_at(Instant at, UtcMoment moment, ServiceTier tier) const {
  Tariff tariff;
  const Period* const period = period_at(at);
  if (period == nullptr) return tariff;
  const Run run = period->runs[static_cast<std::size_t>(tier)];
  tariff.bands = std::span<const PriceBand>(bands_).subspan(run.first, run.count);
  tariff.percent = clock_percent(period->clock, moment);
  tariff.web_search = period->web_search;
  tariff.web_search_per = period->web_search_per;
  return tariff;
}

const PriceTable::Period* PriceTable::period_at(Instant at) const {
  for (auto period = periods_.rbegin(); period != periods_.rend(); ++period)
    if (at >= period->from && at < period->until) return &*period;
  return nullptr;
}

std::string_view PriceTable::source_at(Instant at) const {
  const Period* const period = period_at(at);
  return period == nullptr ? std::string_view() : period->source;
}

}  // namespace steelyard::router
