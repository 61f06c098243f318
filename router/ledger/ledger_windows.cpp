// Windows of accounts: which one is running, when it ends, which thresholds it has reached.
#include <algorithm>

#include "router/ledger/amounts.h"
#include "router/ledger/ledger_state.h"

namespace steelyard::router {

Interval Ledger::State::interval_of(const AccountCold& account, Instant now) const {
  switch (account.per) {
    case WindowKind::day: return account.zone->day_of(now);
    case WindowKind::month: return account.zone->months_of(now, 1, 1, account.starts);
    case WindowKind::hour: return account.zone->hour_of(now);
    case WindowKind::week: return account.zone->week_of(now, account.starts);
    case WindowKind::quarter: return account.zone->months_of(now, 3, account.starts, 1);
    case WindowKind::year: return account.zone->months_of(now, 12, account.starts, 1);
    case WindowKind::rolling: {
      const std::int64_t bucket = account.rolling->bucket_ns;
      const std::int64_t start = now.ns - ((now.ns % bucket) + bucket) % bucket;
      return {Instant{start}, Instant{start + bucket}};
    }
    case WindowKind::lifetime: break;
  }
  return {Instant{0}, Instant{INT64_MAX}};
}

std::uint32_t Ledger::State::open_window(AccountId account, Interval interval) {
  std::uint32_t at;
  if (free_windows.empty()) {
    at = static_cast<std::uint32_t>(windows.size());
    windows.emplace_back();
  } else {
    at = free_windows.back();
    free_windows.pop_back();
  }
  Window& window = windows[at];
  window = Window{};
  window.account = account.v;
  window.start = interval.start;
  window.end = interval.end;
  const std::uint32_t older = hot[account.v].window;
  if (older != kNone && !cold[account.v].rolling) windows[older].enforced = hot[account.v].enforced;
  hot[account.v].window = at;
  hot[account.v].window_end = interval.end;
  if (cold[account.v].rolling) {
    window.rolls = true;
    if (older != kNone) carry(windows[older], window);
  }
  if (older != kNone) free_if_idle(older);
  return at;
}

void Ledger::State::free_if_idle(std::uint32_t at) {
  Window& window = windows[at];
  if (window.holds != 0 || hot[window.account].window == at) return;
  window.account = kNone;
  free_windows.push_back(at);
}

void Ledger::State::roll(AccountId account, Instant now) {
  const AccountHot& current = hot[account.v];
  Interval interval = interval_of(cold[account.v], now);
  // Newer zone data may disagree with a window opened under older data: windows never overlap.
  if (current.window != kNone)
    interval.start = std::max(interval.start, windows[current.window].end);
  if (cold[account.v].rolling) shift(account, interval.start);
  open_window(account, interval);
  refit(account);
}

NanoUsd Ledger::State::bound(const AccountCold& account, NanoUsd limit, std::int32_t approved) {
  const NanoUsd most = account.hard ? limit : NanoUsd{INT64_MAX};
  if (!account.approvals) return most;
  for (const Mark& mark : account.marks) {
    if (mark.action != ThresholdAction::require_approval || mark.percent <= approved) continue;
    const Int128 part = static_cast<Int128>(limit.v) * mark.percent / 100;
    return part < most.v ? NanoUsd{static_cast<std::int64_t>(part)} : most;
  }
  return most;
}

void Ledger::State::refit(AccountId account) {
  AccountHot& current = hot[account.v];
  if (current.window == kNone) return;
  Window& window = windows[current.window];
  current.enforced = bound(cold[account.v], limit_for_all(window), window.approved);
  if (window.rolls && current.enforced.v != INT64_MAX) {
    const OlderSums older = this->older(cold[account.v], window.start);
    current.enforced = current.enforced - saturating_add(older.posted, older.held);
  }
  if (cold[account.v].share && current.enforced.v != INT64_MAX)
    current.enforced = std::min(current.enforced, elsewhere(window).room);
  const NanoUsd in_use = saturating_add(window.posted, window.held) - window.overrun;
  window.ceiling = std::max(current.enforced, in_use);
  say_marks(window);
}

void Ledger::State::say_marks(Window& window) {
  const AccountCold& account = cold[window.account];
  const std::int32_t said = window.fired;
  window.next_mark = NanoUsd{INT64_MAX};
  NanoUsd before = window.rolls ? older(account, window.start).posted : NanoUsd{0};
  if (account.share) before = elsewhere(window).posted;
  const NanoUsd posted = saturating_add(window.posted, before);
  for (const Mark& mark : account.marks) {
    if (mark.percent <= said || mark.action == ThresholdAction::require_approval) continue;
    const NanoUsd amount = threshold_amount(limit_for_all(window), mark.percent);
    if (posted < amount) {
      window.next_mark = amount - before;
      return;
    }
    window.fired = mark.percent;
    crossings.push_back({AccountId{window.account}, account.scope, account.per, mark.percent,
                         mark.action, mark.max_tier, limit_for_all(window), posted, window.start,
                         window.end});
  }
}

AccountView Ledger::view(AccountId id, Instant now) const {
  AccountView out;
  view(id, now, out);
  return out;
}

void Ledger::view(AccountId id, Instant now, AccountView& out) const {
  out = AccountView{};
  if (id.v < state_->hot.size()) state_->view(id, now, out);
}

void Ledger::State::view(AccountId id, Instant now, AccountView& out) const {
  const AccountCold& account = cold[id.v];
  if (account.aside) [[unlikely]] {
    if (account.rolling)
      out = view_rolling(id, now);
    else
      view_shared(id, now, out);
    return;
  }
  view_plain(id, now, out);
}

void Ledger::State::view_plain(AccountId id, Instant now, AccountView& out) const {
  const AccountCold& account = cold[id.v];
  const AccountHot& current = hot[id.v];
  out.scope = account.scope;
  out.per = account.per;
  out.limit = account.limit;
  out.account = id;
  out.enforced = current.enforced;
  if (current.window == kNone || now >= current.window_end) {
    out.enforced = bound(account, account.limit, 0);  // without what was topped up before
    const Interval interval = interval_of(account, now);
    out.window_start = interval.start;
    out.window_end = interval.end;
  } else {
    const Window& window = windows[current.window];
    out.posted = window.posted;
    out.held = window.held;
    out.overrun = window.overrun;
    out.credit = window.credit;
    out.limit = limit_in(window);
    out.window_start = window.start;
    out.window_end = window.end;
  }
  out.hard = out.enforced.v != INT64_MAX;
  out.percent_used = percent_of(out.posted, out.limit);
  if (!account.steps.empty()) out.paced_tier = paced_tier(id, now);
  if (!current.caps_tiers) return;
  for (const Mark& mark : account.marks)
    if (mark.percent <= out.percent_used && mark.action == ThresholdAction::max_tier)
      out.max_tier = mark.max_tier;
}

std::string_view Ledger::tier_cap(std::span<const AccountId> accounts, Instant now) const {
  std::string_view cap;
  std::int32_t highest = -1;
  for (const AccountId id : accounts) {
    if (id.v >= state_->hot.size()) continue;
    const AccountHot& hot = state_->hot[id.v];
    if (!hot.caps_tiers) continue;
    if (!hot.always_look &&
        (hot.window == kNone || now >= hot.window_end || state_->windows[hot.window].fired == 0))
      continue;
    const AccountView account = view(id, now);
    if (account.max_tier.empty() || account.percent_used <= highest) continue;
    highest = account.percent_used;
    cap = account.max_tier;
  }
  return cap;
}

std::vector<WindowBalance> Ledger::windows(AccountId id) const {
  std::vector<WindowBalance> out;
  for (const Window& w : state_->windows)
    if (w.account == id.v)
      out.push_back(
          {w.start, w.end, w.posted, w.held, w.overrun, w.fired, w.credit, w.approved, w.asked});
  if (id.v < state_->cold.size() && state_->cold[id.v].rolling) {
    const AccountCold& account = state_->cold[id.v];
    state_->for_each_closed(account, [&](Instant start, std::int64_t posted) {
      out.push_back({start, {start.ns + account.rolling->bucket_ns}, {posted}, {}, {}, 0, {}});
    });
  }
  std::sort(out.begin(), out.end(),
            [](const WindowBalance& a, const WindowBalance& b) { return a.start < b.start; });
  return out;
}

}  // namespace steelyard::router
