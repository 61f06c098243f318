#pragma once
// What a team has bought, as YAML says it: seats, what is included, packs beyond that.
#include <cstdint>
#include <string>
#include <vector>

#include "config/types/money.h"
#include "config/types/span.h"

namespace steelyard {

enum class QuotaUnit : std::uint8_t {
  money,   // nano-dollars of what the models cost
  tokens,  // input and output together
  uses,    // requests answered
};
// As YAML, scopes and reports write it.
constexpr const char* unit_word(QuotaUnit unit) {
  switch (unit) {
    case QuotaUnit::money: return "money";
    case QuotaUnit::tokens: return "tokens";
    case QuotaUnit::uses: return "uses";
  }
  return "";
}

// Bought without asking when a quota is used up.
struct PackSpec {
  std::int64_t adds = 0;  // in the quota's unit; 0: there are no packs
  NanoUsd price;
  std::int64_t most = 1;  // in one window of the quota
};

enum class PlanWindow : std::uint8_t { hour, day, week, month, quarter, year };

struct QuotaSpec {
  QuotaUnit unit = QuotaUnit::money;
  std::int64_t amount = 0;  // nano-dollars, tokens, requests
  std::string tier;         // uses: of requests that are held to this tier; "": all
  SourceSpan tier_at;
  PlanWindow per = PlanWindow::month;
  std::string then_tier;  // used up, packs too: nothing above this tier; "": refused
  SourceSpan then_at;
  PackSpec packs;
  SourceSpan at;
};

struct PlanSpec {
  std::int64_t seats = 0;
  NanoUsd seat_fee;  // of one seat and window
  PlanWindow per = PlanWindow::month;
  std::string time_zone = "UTC";
  std::vector<QuotaSpec> included;
  SourceSpan at;
  bool empty() const { return seats == 0 && included.empty(); }
};

}  // namespace steelyard
