#pragma once
// The pace of a budget as it is seen.
#include "router/ledger/ledger.h"
#include "router/ledger/pace.h"
#include "router/ledger/unit.h"

namespace steelyard::router {

// Nothing for fees, which are due whatever is used, and for rolling windows, which do not end.
inline Pace pace_of(const AccountView& view, Instant now) {
  if (view.per == WindowKind::rolling || is_fee(view.scope)) return {};
  return pace_of(view.limit, view.posted, view.window_start, view.window_end, now);
}

}  // namespace steelyard::router
