#include "config/price_draft.h"

#include <algorithm>
#include <utility>

namespace steelyard {
namespace {

// value * numerator / denominator, rounded up, saturating. All at least 0, denominator above 0.
PicoUsd proportion(PicoUsd value, std::int64_t numerator, std::int64_t denominator) {
  const Int128 product = static_cast<Int128>(value.v) * numerator;
  const Int128 result = (product + denominator - 1) / denominator;
  return {static_cast<std::int64_t>(std::min<Int128>(result, INT64_MAX))};
}

std::optional<Rates> finish(const std::optional<ServiceDraft>& draft, const Rates& base) {
  if (!draft) return std::nullopt;
  return draft->percent ? scale(base, *draft->percent) : fill_beside(draft->rates, base);
}

}  // namespace

Rates fill_base(const RatesDraft& draft) {
  const auto or_else = [&](TokenClass c, PicoUsd fallback) {
    return draft.of(c).value_or(fallback);
  };
  const PicoUsd input = or_else(TokenClass::input, {});
  const PicoUsd write = or_else(TokenClass::cache_write_5m, input);
  const PicoUsd output = or_else(TokenClass::output, {});
  return {{input, or_else(TokenClass::cache_read, input), write,
           or_else(TokenClass::cache_write_1h, write), output,
           or_else(TokenClass::audio_input, input), or_else(TokenClass::audio_output, output),
           or_else(TokenClass::image_input, input), or_else(TokenClass::image_output, output)}};
}

Rates fill_beside(const RatesDraft& draft, const Rates& base) {
  const PicoUsd base_input = base.of(TokenClass::input);
  const PicoUsd input = draft.of(TokenClass::input).value_or(base_input);
  Rates filled;
  for (std::size_t i = 0; i < token_classes; ++i) {
    const PicoUsd kept =
        base_input.v > 0 ? proportion(base.price[i], input.v, base_input.v) : base.price[i];
    filled.price[i] = draft.price[i].value_or(kept);
  }
  return filled;
}

Rates scale(const Rates& base, std::int64_t percent) {
  Rates scaled;
  for (std::size_t i = 0; i < token_classes; ++i)
    scaled.price[i] = proportion(base.price[i], percent, 100);
  return scaled;
}

PricePeriod finish(PeriodDraft draft) {
  PricePeriod period = std::move(draft.period);
  period.at = draft.at;
  period.web_search_per = draft.web_search_per;
  period.rates = fill_base(draft.rates);
  std::sort(draft.cliffs.begin(), draft.cliffs.end(), [](const CliffDraft& a, const CliffDraft& b) {
    return a.above_tokens < b.above_tokens;
  });
  for (const CliffDraft& cliff : draft.cliffs) {
    period.cliffs.push_back(
        {cliff.above_tokens, cliff.kind, fill_beside(cliff.rates, period.rates)});
  }
  period.batch = finish(draft.batch, period.rates);
  period.flex = finish(draft.flex, period.rates);
  period.priority = finish(draft.priority, period.rates);
  return period;
}

}  // namespace steelyard
