// A fleet's budgets in one of its processes: a window that blocks has the room it was granted, and
// shows what all have spent.
#include <algorithm>

#include "router/ledger/ledger_state.h"

namespace steelyard::router {

void Ledger::join_fleet() {
  state_->in_fleet = true;
}

bool Ledger::in_fleet() const {
  return state_->in_fleet;
}

bool Ledger::give_share(AccountId id, Instant start, const FleetShare& share) {
  State& s = *state_;
  if (id.v >= s.hot.size() || !s.cold[id.v].share || s.hot[id.v].window == kNone) return false;
  if (s.windows[s.hot[id.v].window].start != start) return false;
  *s.cold[id.v].share = {start, share};
  s.refit(id);
  return true;
}

NanoUsd Ledger::limit_share(AccountId id, Instant start, NanoUsd most) {
  State& s = *state_;
  if (id.v >= s.hot.size() || !s.cold[id.v].share || s.hot[id.v].window == kNone) return {-1};
  const Window& window = s.windows[s.hot[id.v].window];
  if (window.start != start) return {-1};
  Share& share = *s.cold[id.v].share;
  if (share.start != start) share = {start, {}};
  const NanoUsd used = saturating_add(window.posted, window.held);
  share.said.room = std::min(share.said.room, std::max(most, used));
  s.refit(id);
  return std::max(share.said.room, used);
}

bool Ledger::fleet_window(AccountId id, FleetWindow& out) const {
  const State& s = *state_;
  if (id.v >= s.hot.size() || !s.cold[id.v].share || s.hot[id.v].window == kNone) return false;
  const AccountCold& account = s.cold[id.v];
  const Window& window = s.windows[s.hot[id.v].window];
  out = {id,
         window.start,
         window.end,
         account.hard ? account.limit : NanoUsd{INT64_MAX},
         window.posted,
         window.held,
         window.credit,
         s.elsewhere(window)};
  return true;
}

std::string_view Ledger::identity(AccountId id) const {
  return id.v < state_->cold.size() ? state_->cold[id.v].identity : std::string_view();
}

// Of the whole fleet, as far as it is known: the limit, and what is posted. `held` is this
// process's own: what others hold may come free at any moment, and a plan must not fail for it.
void Ledger::State::view_shared(AccountId id, Instant now, AccountView& out) const {
  view_plain(id, now, out);
  const AccountHot& current = hot[id.v];
  if (current.window == kNone || now >= current.window_end) return;
  const Window& window = windows[current.window];
  out.limit = limit_for_all(window);
  out.enforced = bound(cold[id.v], out.limit, window.approved);
  out.hard = out.enforced.v != INT64_MAX;
  out.posted = saturating_add(out.posted, elsewhere(window).posted);
  out.percent_used = percent_of(out.posted, out.limit);
  out.max_tier = {};
  if (!current.caps_tiers) return;
  for (const Mark& mark : cold[id.v].marks)
    if (mark.percent <= out.percent_used && mark.action == ThresholdAction::max_tier)
      out.max_tier = mark.max_tier;
}

}  // namespace steelyard::router
