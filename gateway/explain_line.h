#pragma once
// A budget as `explain` shows it, on the command line and over HTTP.
#include "router/explain.h"
#include "router/ledger/pace_view.h"

namespace steelyard {

inline router::BudgetLine budget_line(const router::AccountView& view, Instant now) {
  return {view.scope,
          view.per,
          view.limit,
          view.posted + view.held,
          router::pace_of(view, now).percent,
          view.paced_tier};
}

}  // namespace steelyard
