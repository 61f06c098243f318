#pragma once
// The catalogue as models.yaml says it: prices by date, limits, capabilities, score with its
// evidence.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/types/instant.h"
#include "config/types/money.h"
#include "config/types/span.h"

namespace steelyard {

// Token classes money distinguishes. Order is the order of `Rates::price` and of usage counters.
enum class TokenClass : std::uint8_t {
  input,
  cache_read,
  cache_write_5m,
  cache_write_1h,
  output,
  audio_input,
  audio_output,
  image_input,
  image_output
};
inline constexpr std::size_t token_classes = 9;

// One complete price row. The loader fills every slot, so readers never see a hole: a cache or
// media class without a price of its own costs what `input` or `output` does (1 h writes: what 5 m
// writes do); in a
// long-context or service-tier row it keeps the proportion to `input` that it has in the base row,
// rounded up.
struct Rates {
  std::array<PicoUsd, token_classes> price{};
  constexpr PicoUsd of(TokenClass c) const { return price[static_cast<std::size_t>(c)]; }
};

enum class CliffKind : std::uint8_t {
  whole_request,  // above the threshold every token of the request costs the higher rate
  marginal,       // only the tokens above it do
};

// Long-context rule: applies when input tokens (cached ones included) are strictly above
// `above_tokens`.
struct Cliff {
  std::int64_t above_tokens = 0;
  CliffKind kind = CliffKind::whole_request;
  Rates rates;
};

// A tariff by the clock, UTC: DeepSeek's peak hours. Minutes are [from, to); a window may not wrap
// midnight.
struct ClockRule {
  std::uint8_t weekdays = 0x7F;  // bit 0 Monday ... bit 6 Sunday
  std::int32_t minute_from = 0;
  std::int32_t minute_to = 1440;
  std::int32_t percent = 100;  // multiplies every rate: 200 is twice the base price
};

// What the price of a web search is for: each one (or query), or an answer with any number of them.
enum class SearchFee : std::uint8_t { search, answer };

enum class ServiceTier : std::uint8_t { standard, batch, flex, priority };

// Prices valid in [from, until). Periods of a model do not overlap and are sorted by `from`.
struct PricePeriod {
  Instant from{INT64_MIN};
  Instant until{INT64_MAX};
  Rates rates;
  std::vector<Cliff> cliffs;     // sorted by above_tokens; the last one that applies wins
  std::vector<ClockRule> clock;  // first match wins
  std::optional<Rates> batch, flex,
      priority;  // up to the first cliff; above it the same proportion applies
  // A search of the web that the provider makes for the model ("$10 per 1,000" is 10^7 here);
  // neither tariffs by the clock nor service tiers nor long prompts change it. Absent: not known.
  std::optional<NanoUsd> web_search;
  SearchFee web_search_per = SearchFee::search;
  std::string source;  // where the figures were read
  std::string note;    // disagreements between catalogues, promotions
  SourceSpan at;
};

struct Capabilities {
  bool tools = false, vision = false, reasoning = false, structured_output = false,
       json_mode = false;
  bool embeddings = false;  // it makes vectors, and answers no chat
};

// A quality score and its evidence. `standard_error` in score points: what `confidence` of a tier
// is tested against.
struct Score {
  double value = 0;
  double standard_error = 2.0;
  std::string source;
  std::string as_of;  // ISO date
};

struct ModelSpec {
  std::string name;  // unique in the catalogue: "gpt-6-luna"
  std::string vendor;
  std::vector<PricePeriod> prices;
  std::int64_t context_tokens = 0;  // input + output; never 0 after loading
  std::int64_t output_tokens_max =
      0;  // never 0 after loading: the context when the vendor states none
  std::int64_t cache_min_tokens = 0;  // prompts shorter than this are never cached
  Capabilities can;
  std::optional<Score> score;              // absent: no evidence, not eligible for a tier
  std::string tokenizer;                   // "o200k", ...; how its tokens relate to the counter's
  std::int32_t token_ratio_percent = 100;  // tokens of this model per 100 counted with its counter
  std::vector<std::string> refuses;        // request parameters it answers 400 to: "temperature"
  std::string note;
  SourceSpan at;
};

}  // namespace steelyard
