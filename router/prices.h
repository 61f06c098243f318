#pragma once
// A model's prices compiled for the hot path: per period and service tier one flat run of bands.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec/model_spec.h"
#include "config/types/instant.h"

namespace steelyard::router {

inline constexpr std::size_t cliffs_max = 6;  // vendors have at most two
inline constexpr std::size_t service_tiers = 4;

// Rates that hold for requests (or tokens) above `above_tokens` input tokens. The first band of a
// run is the base: above_tokens = 0, whole_request.
struct PriceBand {
  std::int64_t above_tokens = 0;
  CliffKind kind = CliffKind::whole_request;
  Rates rates;
};

// Minute of the day and weekday in UTC: what clock rules look at.
struct UtcMoment {
  std::int32_t minute = 0;   // 0 to 1439
  std::uint8_t weekday = 0;  // 0 Monday ... 6 Sunday
};
UtcMoment utc_moment(Instant at);
// What clock rules make of every rate: the first that holds; 100 if none does.
std::int32_t clock_percent(std::span<const ClockRule> rules, UtcMoment moment);

// What one request pays per token, chosen by period, clock and service tier. A view into a
// PriceTable.
struct Tariff {
  std::span<const PriceBand> bands;  // empty: no price is known for this moment or service tier
  std::int32_t percent = 100;        // by the clock; multiplies every rate
  NanoUsd web_search{-1};            // each one that the provider makes; -1: not known
  SearchFee web_search_per = SearchFee::search;
  bool priced() const { return !bands.empty(); }
  // Of so many searches in one answer, those that cost something.
  std::int64_t billed_searches(std::int64_t made) const {
    return web_search_per == SearchFee::answer && made > 1 ? 1 : made;
  }
};

// One period as it was written, for tables compiled from it.
struct PeriodView {
  Instant from, until;
  Tariff standard;                   // at 100 percent
  std::span<const ClockRule> clock;  // the first that holds changes the percentage
};

class PriceTable {
 public:
  PriceTable() = default;
  // Cliffs beyond cliffs_max are dropped (compile_catalog reports them). Rates of a service tier
  // above a cliff are tier price * cliff price / standard price per class, rounded up to a
  // pico-dollar: vendors publish the discount, not the product.
  explicit PriceTable(const std::vector<PricePeriod>& periods);

  // `moment` must be utc_moment(at). Batch and flex without a price of their own cost the standard
  // price, which is never less than the bill; priority without one has no price.
  Tariff tariff_at(Instant at, UtcMoment moment, ServiceTier tier) const;
  Tariff tariff_at(Instant at, ServiceTier tier = ServiceTier::standard) const {
    return tariff_at(at, utc_moment(at), tier);
  }

  // Where the prices in force at that moment were read; "" if there are none or nobody said. Lives
  // as long as the table.
  std::string_view source_at(Instant at) const;

  std::size_t periods() const { return periods_.size(); }
  // The last period that holds an instant is the one in force.
  PeriodView period(std::size_t index) const;

 private:
  struct Run {
    std::uint16_t first = 0, count = 0;  // bands_[first, first + count)
  };
  struct Period {
    Instant from, until;
    NanoUsd web_search{-1};
    SearchFee web_search_per = SearchFee::search;
    std::array<Run, service_tiers> runs;
    std::vector<ClockRule> clock;
    std::string source;
  };
  const Period* period_at(Instant at) const;
  Run append(const PricePeriod& period, const Rates& base);
  std::vector<PriceBand> bands_;
  std::vector<Period> periods_;
};

}  // namespace steelyard::router
