#pragma once
// The catalogue once more, laid out for planning: what every candidate of every request is asked,
// and nothing else, side by side in memory. Compiled from the models; holds no pointer into them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/spec/model_spec.h"
#include "config/types/instant.h"

namespace steelyard::router {

struct Model;

// Percentages of clock rules up to this are in the rows.
inline constexpr std::int32_t quick_percent_max = 1'000;

// Prices up to this, $2'147 per million tokens, are in the rows: 31 bits of price and 31 bits of
// tokens make a sum of two products that fits 63.
inline constexpr std::int64_t quick_price_max = (std::int64_t{1} << 31) - 1;

// What a request may need of a model, one bit each.
enum QuickNeed : std::uint32_t {
  need_tools = 1,
  need_vision = 2,
  need_structured_output = 4,
  need_reasoning = 8
};

// The standard price of one period below its first cliff, pico-dollars per token, before the
// clock's percentage. Arrays are by CacheWrites.
struct QuickPrice {
  Instant from, until;
  std::int64_t tokens_max = -1;           // for prompts of up to so many tokens; -1: for none
  std::array<std::int64_t, 3> fresh{};    // a token of input that was not read from a cache
  std::array<std::int64_t, 3> dearest{};  // a token of input at most
  std::int64_t cached = 0;                // a token of input that was
  std::int64_t output = 0;
  std::int32_t clock_first = 0, clock_count = 0;  // QuickRows::clock_of
};

struct QuickModel {
  std::uint64_t id = 0;
  std::int64_t context_tokens = 0;     // unknown: more than any request has
  std::int64_t output_tokens_max = 0;  // likewise
  std::int64_t cache_min_tokens = 0;
  std::int32_t ratio_percent = 100, upper_percent = 100;
  std::uint32_t refuses = 0, can = 0;  // parameters; QuickNeed
  std::uint32_t tiers = 0, rank = 0;
  std::int32_t target_first = 0, target_count = 0;
  std::int32_t price_first = 0, price_count = 0;  // QuickRows::prices_of
};

// A model in the order in which a search looks at them, with bounds that hold at any time and for
// any length: of its own prices, and of those of all models from here on.
struct PriceStep {
  std::uint64_t input_least = 0;   // pico-dollars per token of input that was not cached
  std::uint64_t output_least = 0;  // pico-dollars per token
  std::uint64_t input_rest = 0, output_rest = 0;
  std::uint32_t model = 0;
};

class QuickRows {
 public:
  QuickRows() = default;
  // `tiers`: how many the configuration has.
  QuickRows(std::span<const Model> models, std::size_t tiers);

  std::size_t models() const { return models_.size(); }
  const QuickModel& model(std::size_t index) const { return models_[index]; }
  // The last period first: the first that holds an instant is in force.
  std::span<const QuickPrice> prices_of(const QuickModel& model) const {
    return {prices_.data() + model.price_first, static_cast<std::size_t>(model.price_count)};
  }
  std::span<const ClockRule> clock_of(const QuickPrice& price) const {
    return {clock_.data() + price.clock_first, static_cast<std::size_t>(price.clock_count)};
  }
  // Served models of a tier (no_tier: all), those first that are cheap for requests of about so
  // many tokens in and out: the order decides how soon a search ends, never what it finds.
  std::span<const PriceStep> steps(std::int32_t tier, std::uint64_t input = 1,
                                   std::uint64_t output = 1) const {
    return steps_[(static_cast<std::size_t>(tier) + 1) * mixes + mix_of(input, output)];
  }
  // No model makes less room for an answer to a prompt of so many of its tokens. May be negative.
  std::int64_t output_room(std::int64_t tokens) const {
    return std::min(output_tokens_least_, context_tokens_least_ - tokens);
  }

 private:
  // Tokens in for one out, a power of four each; `mix` is nearest to them.
  static constexpr std::size_t mixes = 5;
  static constexpr std::array<std::uint64_t, mixes> mix_input{1, 4, 16, 64, 256};
  static constexpr std::uint64_t mix_output = 4;
  static std::size_t mix_of(std::uint64_t input, std::uint64_t output) {
    std::size_t mix = 0;
    for (std::uint64_t below = output / 2; mix + 1 < mixes && input > below; below *= 4) ++mix;
    return mix;
  }
  static void put_in_order(std::vector<PriceStep>& steps, std::size_t mix);
  void add_prices(const Model& model, QuickModel& row);

  std::vector<QuickModel> models_;
  std::vector<QuickPrice> prices_;
  std::vector<ClockRule> clock_;
  std::vector<std::vector<PriceStep>> steps_{mixes};  // by tier + 1, then mix
  std::int64_t output_tokens_least_ = INT64_MAX, context_tokens_least_ = INT64_MAX;
};

}  // namespace steelyard::router
