#pragma once
// `steelyard budget show`: how each budget stands, how fast it burns, when it will be gone.
#include <optional>
#include <string>
#include <vector>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "router/ledger/balances.h"

namespace steelyard::reports {

struct BudgetLine {
  std::string scope, zone;
  WindowKind per = WindowKind::month;
  NanoUsd limit;  // in force: what an operator set, and top-ups
  NanoUsd posted, held, overrun, credit;
  Instant start, end;    // of the window; end.ns INT64_MAX: never
  NanoUsd burn_per_day;  // posted since the window's start, by the time that has passed
  std::optional<Instant> exhausted_at;  // at this rate, before the window ends
  std::int32_t pace = -1;               // router::Pace::percent
  NanoUsd remaining() const { return limit - posted - held; }
};

// The newest window of each budget, if it still runs at `now`; a budget whose window has ended is
// shown without use. In the order they became known.
std::vector<BudgetLine> list_budgets(const router::Balances& balances, Instant now);

std::string budgets_table(const std::vector<BudgetLine>& lines);
std::string budgets_json(const std::vector<BudgetLine>& lines);

}  // namespace steelyard::reports
