#pragma once
// Price rows as written, with holes, and how the holes are filled.
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "config/spec/model_spec.h"

namespace steelyard {

struct RatesDraft {
  std::array<std::optional<PicoUsd>, token_classes> price;
  std::optional<PicoUsd>& of(TokenClass c) { return price[static_cast<std::size_t>(c)]; }
  const std::optional<PicoUsd>& of(TokenClass c) const {
    return price[static_cast<std::size_t>(c)];
  }
};

struct CliffDraft {
  RatesDraft rates;
  std::int64_t above_tokens = 0;
  CliffKind kind = CliffKind::whole_request;
  SourceSpan at;
};

// `batch: 50%`, or prices of its own.
struct ServiceDraft {
  std::optional<std::int32_t> percent;
  RatesDraft rates;
};

struct PeriodDraft {
  RatesDraft rates;
  PricePeriod period;  // all but the rates
  bool has_from = false, has_until = false;
  SearchFee web_search_per = SearchFee::search;
  std::vector<CliffDraft> cliffs;
  std::optional<ServiceDraft> batch, flex, priority;
  SourceSpan at;
};

// A base row: cache classes cost what `input` does, 1 h writes what 5 m writes do, sound and
// pictures what text does.
Rates fill_base(const RatesDraft& draft);
// A row beside a base row: what is not written keeps its proportion to `input`, rounded up to a
// pico-dollar.
Rates fill_beside(const RatesDraft& draft, const Rates& base);
// Every price of `base` times `percent` / 100, rounded up to a pico-dollar.
Rates scale(const Rates& base, std::int64_t percent);
// The whole period.
PricePeriod finish(PeriodDraft draft);

}  // namespace steelyard
