#pragma once
// What one model would take and charge for one request, in a few instructions: Planner::fit and the
// meter once more for the usual request, without the reasons. Only router/plan_quick.cpp includes
// it.
#include <algorithm>
#include <cstdint>

#include "router/plan.h"
#include "router/quick_rows.h"

namespace steelyard::router {

// Times the largest ratio (100), or the most choices, a count stays within 31 bits: see
// quick_price_max.
inline constexpr std::int64_t quick_tokens_max = std::int64_t{1} << 24;
inline constexpr std::int64_t quick_tokens_most = (std::int64_t{1} << 31) - 1;  // of one model
inline constexpr std::int32_t quick_choices_max = 127;

inline std::int64_t percent_of(std::int64_t tokens, std::int32_t percent) {
  if (percent == 100) return tokens;
  const auto product = static_cast<std::uint64_t>(tokens) * static_cast<std::uint32_t>(percent);
  return static_cast<std::int64_t>((product + 99) / 100);
}

// Pico-dollars (63 bits) at the clock's percentage to nano-dollars, rounded up once.
inline std::int64_t nano_of(std::int64_t pico, std::int32_t percent) {
  if (percent == 100)
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(pico) + 999) / 1000);
  std::int64_t scaled = 0;
  if (!__builtin_mul_overflow(pico, percent, &scaled) && scaled < INT64_MAX - 100'000)
    return (scaled + 99'999) / 100'000;
  return static_cast<std::int64_t>((static_cast<Int128>(pico) * percent + 99'999) / 100'000);
}

// What a model takes of the request. No initialisers: many are made per plan.
struct QuickFit {
  std::int64_t input, input_upper;  // in the model's tokens
  std::int64_t output_max, output_expected;
  const QuickPrice* price;
  std::int32_t percent;  // by the clock
  bool plain;            // `price` is all there is to know
};

// What all models of one plan are asked.
struct QuickRequest {
  QuickRequest(const PlanInput& in, bool by_name)
      : named(by_name),
        asked(in.facts.output_tokens_max > 0),
        counted(in.facts.input_tokens),
        bound(std::max(counted, in.facts.input_tokens_upper)),
        want(asked ? in.facts.output_tokens_max : in.output_default),
        least(named   ? 1
              : asked ? INT64_MAX
                      : in.output_useful),
        choices(in.facts.choices > 1 ? in.facts.choices : 1),
        refusable(by_name ? 0 : in.parameters),
        needs(by_name ? 0 : needs_of(in.facts)),
        at(in.at),
        counts(in.counts),
        marks(in.marks),
        unmarked(std::max(in.marks, CacheWrites::five_minutes)) {
    if (in.verdict.output_tokens_max > 0) want = std::min(want, in.verdict.output_tokens_max);
  }

  bool suits(const PlanInput& in) const {
    const auto in_range = [](std::int64_t tokens, std::int64_t from) {
      return tokens >= from && tokens <= quick_tokens_max;
    };
    return in_range(counted, 0) && in_range(bound, 0) && in_range(want, 1) &&
           in_range(in.output_useful, 1) && choices <= quick_choices_max;
  }

  bool can(const QuickModel& model) const {
    return (model.can & needs) == needs && (model.refuses & refusable) == 0;
  }

  // In the model's own tokens.
  struct Input {
    std::int64_t tokens, upper;
  };
  Input input_of(std::size_t index, const QuickModel& model) const {
    if (index >= counts.size())
      return {percent_of(counted, model.ratio_percent), percent_of(bound, model.upper_percent)};
    // It is asked for twice or thrice, one model after the other.
    if (index != last_index) {
      last = counts[index];
      last_index = index;
    }
    return {last.tokens, last.upper};
  }

  // `likely_output`: per choice. False: too small, or without a price.
  bool fit(std::size_t index, const QuickModel& model, const QuickRows& rows,
           std::int64_t likely_output, QuickFit& fit) const;

  CacheWrites writes_at(const QuickModel& model, const Target& target, const QuickFit& fit) const {
    if (fit.input_upper < model.cache_min_tokens) return CacheWrites::none;
    return target.marked_cache ? marks : unmarked;
  }

  // Of fits that are plain.
  std::int64_t expected(const QuickFit& fit, CacheWrites writes, std::int64_t cached) const {
    const std::int64_t output = fit.output_expected * choices;
    const std::int64_t fresh = fit.price->fresh[static_cast<std::size_t>(writes)];
    return nano_of(
        (fit.input - cached) * fresh + cached * fit.price->cached + output * fit.price->output,
        fit.percent);
  }
  std::int64_t worst(const QuickFit& fit, CacheWrites writes) const {
    const std::int64_t dearest = fit.price->dearest[static_cast<std::size_t>(writes)];
    return nano_of(fit.input_upper * dearest + fit.output_max * choices * fit.price->output,
                   fit.percent);
  }

  bool named, asked;
  std::int64_t counted, bound, want;
  std::int64_t least;  // an answer may shrink down to this, if it may shrink
  std::int64_t choices;
  std::uint32_t refusable, needs;
  Instant at;
  InputCounts counts;
  mutable std::size_t last_index = SIZE_MAX;
  mutable InputCount last;
  CacheWrites marks, unmarked;

 private:
  static std::uint32_t needs_of(const policies::RequestFacts& facts) {
    return (facts.tools ? need_tools : 0u) | (facts.images ? need_vision : 0u) |
           (facts.structured_output ? need_structured_output : 0u) |
           (facts.reasoning ? need_reasoning : 0u);
  }
};

// Planner::fit and fit_output.
[[gnu::always_inline]] inline bool QuickRequest::fit(std::size_t index, const QuickModel& model,
                                                     const QuickRows& rows,
                                                     std::int64_t likely_output,
                                                     QuickFit& fit) const {
  const Input input = input_of(index, model);
  fit.input = input.tokens;
  fit.input_upper = input.upper;
  std::int64_t output = want;
  if (output > model.output_tokens_max) {
    if (asked && !named) return false;
    output = model.output_tokens_max;
  }
  const std::int64_t left = model.context_tokens - (named ? fit.input : fit.input_upper);
  if (left < std::min(output, least)) return false;
  fit.output_max = std::min(output, left);
  fit.output_expected = std::min(std::max<std::int64_t>(likely_output, 1), fit.output_max);
  for (const QuickPrice& price : rows.prices_of(model)) {
    if (at < price.from || at >= price.until) continue;
    fit.price = &price;
    fit.percent = 100;
    if (price.clock_count != 0) fit.percent = clock_percent(rows.clock_of(price), utc_moment(at));
    fit.plain = std::max(fit.input, fit.input_upper) <= price.tokens_max;
    return true;
  }
  return false;
}

}  // namespace steelyard::router
