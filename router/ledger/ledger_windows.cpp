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
  hot[account.v].window = at;
  hot[account.v].window_end = interval.end;
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
  open_window(account, interval);
  refit(account);
}

void Ledger::State::refit(AccountId account) {
  AccountHot& current = hot[account.v];
  if (current.window == kNone) return;
  Window& window = windows[current.window];
  if (cold[account.v].hard) current.enforced = limit_in(window);
  const NanoUsd in_use = saturating_add(window.posted, window.held) - window.overrun;
  window.ceiling = std::max(current.enforced, in_use);
  say_marks(window);
}

void Ledger::State::say_marks(Window& window) {
  const AccountCold& account = cold[window.account];
  const std::int32_t said = window.fired;
  window.next_mark = NanoUsd{INT64_MAX};
  for (const Mark& mark : account.marks) {
    if (mark.percent <= said) continue;
    const NanoUsd amount = threshold_amount(limit_in(window), mark.percent);
    if (window.posted < amount) {
      window.next_mark = amount;
      return;
    }
    window.fired = mark.percent;
    crossings.push_back({AccountId{window.account}, account.scope, account.per, mark.percent,
                         mark.action, mark.max_tier, limit_in(window), window.posted, window.start,
                         window.end});
  }
}

AccountView Ledger::view(AccountId id, Instant now) const {
  if (id.v >= state_->hot.size()) return {};
  const AccountHot& hot = state_->hot[id.v];
  const AccountCold& account = state_->cold[id.v];
  AccountView out;
  out.scope = account.scope;
  out.per = account.per;
  out.limit = account.limit;
  out.account = id;
  out.hard = account.hard;
  out.enforced = hot.enforced;
  if (hot.window == kNone || now >= hot.window_end) {
    if (account.hard) out.enforced = account.limit;  // without what was topped up before
    const Interval interval = state_->interval_of(account, now);
    out.window_start = interval.start;
    out.window_end = interval.end;
  } else {
    const Window& window = state_->windows[hot.window];
    out.posted = window.posted;
    out.held = window.held;
    out.overrun = window.overrun;
    out.credit = window.credit;
    out.limit = state_->limit_in(window);
    out.window_start = window.start;
    out.window_end = window.end;
  }
  out.percent_used = percent_of(out.posted, out.limit);
  if (!hot.caps_tiers) return out;
  for (const Mark& mark : account.marks)
    if (mark.percent <= out.percent_used && mark.action == ThresholdAction::max_tier)
      out.max_tier = mark.max_tier;
  return out;
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
      out.push_back({w.start, w.end, w.posted, w.held, w.overrun, w.fired, w.credit});
  std::sort(out.begin(), out.end(),
            [](const WindowBalance& a, const WindowBalance& b) { return a.start < b.start; });
  return out;
}

}  // namespace steelyard::router
