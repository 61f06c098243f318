#pragma once
// The catalogue once more, laid out for planning: what every candidate of every request is asked,
// and nothing else, side by side in memory. Compiled from the models; holds no pointer into them.
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/types/instant.h"
#include "policies/model_mask.h"

namespace steelyard::router {

struct Model;

// Prices up to this, $2'147 per million tokens, are in the rows: 31 bits of price and 31 bits of
// tokens make a sum of two products that fits 63.
inline constexpr std::int64_t quick_price_max = (std::int64_t{1} << 31) - 1;

// The standard price of one period below its first cliff, pico-dollars per token. Arrays are by
// CacheWrites.
struct QuickPrice {
  Instant from, until;
  std::int64_t tokens_max = -1;           // for prompts of up to so many tokens; -1: for none
  std::array<std::int64_t, 3> fresh{};    // a token of input that was not read from a cache
  std::array<std::int64_t, 3> dearest{};  // a token of input at most
  std::int64_t output = 0;
};

struct QuickModel {
  std::uint64_t id = 0;
  std::int64_t context_tokens = 0;     // unknown: more than any request has
  std::int64_t output_tokens_max = 0;  // likewise
  std::int64_t cache_min_tokens = 0;
  std::int32_t ratio_percent = 100, upper_percent = 100;
  std::uint32_t refuses = 0, tiers = 0, rank = 0;
  std::int32_t target_first = 0, target_count = 0;
  std::int32_t price_first = 0, price_count = 0;  // QuickRows::prices_of
};

class QuickRows {
 public:
  QuickRows() = default;
  explicit QuickRows(std::span<const Model> models);

  const QuickModel& model(std::size_t index) const { return models_[index]; }
  // The last period first: the first that holds an instant is in force.
  std::span<const QuickPrice> prices_of(const QuickModel& model) const {
    return {prices_.data() + model.price_first, static_cast<std::size_t>(model.price_count)};
  }

  policies::ModelMask tools, vision, structured_output, reasoning;  // who can

 private:
  std::vector<QuickModel> models_;
  std::vector<QuickPrice> prices_;
};

}  // namespace steelyard::router
