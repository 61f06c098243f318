#pragma once
// Usage × prices → money, in integers: products in 128 bits, one rounding up per attempt (design
// 6).
#include <cstdint>

#include "config/types/money.h"
#include "router/prices.h"

namespace steelyard::router {

// Tokens as billed, classes disjoint. `reasoning` is a part of `output`, kept for reports.
struct Usage {
  std::int64_t input = 0;  // neither read from nor written to a cache
  std::int64_t cache_read = 0, cache_write_5m = 0, cache_write_1h = 0;
  std::int64_t output = 0, reasoning = 0;
  // Sound and pictures, beside `input` and `output`; what of them came from a cache is cache_read.
  std::int64_t audio_input = 0, image_input = 0, audio_output = 0, image_output = 0;
  std::int64_t web_searches = 0;  // made by the provider for the model, billed by the piece
  std::int64_t total_input() const {
    return input + cache_read + cache_write_5m + cache_write_1h + audio_input + image_input;
  }
  std::int64_t total_output() const { return output + audio_output + image_output; }
};

// Which cache writes a request can cause: none (the vendor writes only what the client marks, and
// nothing is marked), 5-minute writes (or automatic ones), 1-hour writes.
enum class CacheWrites : std::uint8_t { none, five_minutes, one_hour };

// What the attempt costs. Negative counts are taken as 0, counts above 2^40 as 2^40.
//
// A cliff applies when total input, cached tokens included, is strictly above its threshold; the
// last whole-request cliff that applies replaces everything below it. A marginal cliff prices the
// tokens above it: tokens are laid out as a prompt is, cache reads first, then 1-hour writes,
// 5-minute writes, plain input, sound, pictures; output follows, so it is above whenever the input
// is. Without a price (`!tariff.priced()`) the answer is 0: the planner never lets such an attempt
// start. Web searches are added at their price, which is exact; without one they are free.
NanoUsd cost_of(const Usage& usage, const Tariff& tariff);

// The dearest class a token of input, or of output, can turn out to be of. `media`: there may be
// sound or pictures in the input; in the output there may always be.
PicoUsd dearest_input(const Rates& rates, CacheWrites writes, bool media = false);
PicoUsd dearest_output(const Rates& rates);

// The most an attempt can cost.
struct CostBounds {
  std::int64_t input_tokens = 0;   // upper bound, all classes together
  std::int64_t output_tokens = 0;  // n * output maximum
  CacheWrites writes = CacheWrites::five_minutes;
  bool media = true;  // sound or pictures in the input
  std::int64_t web_searches = 0;
};
// Never below cost_of(usage) for any usage within the bounds under the same tariff (tested as a
// property): every regime of cliffs the input may fall into is tried, each token at its dearest
// class.
NanoUsd worst_case(const CostBounds& bounds, const Tariff& tariff);

// The largest output (tokens, all choices together) for which worst_case stays within `room`; -1
// when not even the input fits. At most `bounds.output_tokens`.
std::int64_t output_within(const CostBounds& bounds, const Tariff& tariff, NanoUsd room);

// What an attempt will probably cost.
struct CostExpectation {
  std::int64_t input_tokens = 0;   // all classes together
  std::int64_t cached_tokens = 0;  // of these, read from the provider's prompt cache
  std::int64_t output_tokens = 0;
  CacheWrites writes = CacheWrites::none;  // how the rest of the input is billed
  std::int64_t web_searches = 0;
};
NanoUsd expected_cost(const CostExpectation& expectation, const Tariff& tariff);

// Prices of the next token of a request with this much input, clock included, rounded up to a
// pico-dollar: for display. Not for sums.
Rates rates_at(const Tariff& tariff, std::int64_t total_input);

}  // namespace steelyard::router
