// Rolling windows: older buckets, when they stop counting, and when room comes back.
#include "router/ledger/rolling.h"

#include <algorithm>

#include "router/ledger/amounts.h"
#include "router/ledger/ledger_state.h"

namespace steelyard::router {

// `since`: the start of the newest bucket, which may be newer than the account's window.
OlderSums Ledger::State::older(const AccountCold& account, Instant since) const {
  OlderSums sums;
  const Rolling& rolling = *account.rolling;
  const Instant begin = rolling_begin(since, rolling.bucket_ns);
  for_each_closed(account, [&](Instant start, std::int64_t posted) {
    if (start >= begin && start < since) sums.posted = saturating_add(sums.posted, {posted});
  });
  for (const std::uint32_t at : rolling.open) {
    const Window& window = windows[at];
    if (window.start < begin) continue;
    sums.posted = saturating_add(sums.posted, window.posted);
    sums.held = saturating_add(sums.held, window.held);
    sums.overrun = saturating_add(sums.overrun, window.overrun);
  }
  return sums;
}

void Ledger::State::shift(AccountId id, Instant next) {
  Rolling& rolling = *cold[id.v].rolling;
  const std::uint32_t at = hot[id.v].window;
  if (at == kNone) return;
  Window& window = windows[at];
  window.next_mark = NanoUsd{INT64_MAX};
  if (window.holds != 0) rolling.open.push_back(at);
  for (const std::uint32_t bucket : rolling.open)
    if (!left(windows[bucket]) && windows[bucket].start < rolling_begin(next, rolling.bucket_ns))
      leave(bucket);
  if (rolling.open.empty())
    rolling.gone = nullptr;
  else if (!rolling.gone)
    rolling.gone = std::make_unique<std::array<std::int64_t, rolling_buckets>>();
  const std::int64_t number = rolling.number(window.start);
  rolling.shift(number, rolling.number(next));
  if (window.holds == 0) rolling.put(number, rolling.number(next), window.posted.v);
}

Standing Ledger::State::standing_rolling(std::uint32_t at) const {
  const AccountId id{windows[at].account};
  const AccountCold& account = cold[id.v];
  const Rolling& rolling = *account.rolling;
  const Window& running = windows[hot[id.v].window];
  const std::int64_t newest = rolling.number(running.start);
  const std::int64_t first = rolling.number(windows[at].start) - rolling_buckets;
  struct Use {
    std::int64_t posted = 0, held = 0;
  };
  std::array<Use, 2 * rolling_buckets + 1> used{};  // the bucket in the middle
  for (std::int64_t k = 0; k < std::ssize(used); ++k) {
    const std::int64_t bucket = first + k;
    if (bucket >= 0 && bucket < newest)
      used[static_cast<std::size_t>(k)].posted = rolling.before(bucket, newest);
  }
  const auto add = [&](const Window& window) {
    const std::int64_t k = rolling.number(window.start) - first;
    if (k < 0 || k >= std::ssize(used)) return;
    used[static_cast<std::size_t>(k)] = {window.posted.v, window.held.v};
  };
  for (const std::uint32_t bucket : rolling.open) add(windows[bucket]);
  add(running);
  Standing out{bound(account, limit_in(running), running.approved), {}, {}};
  for (std::size_t end = rolling_buckets; end < used.size(); ++end) {
    Standing window = out;
    window.posted = window.held = NanoUsd{0};
    for (std::size_t k = end - rolling_buckets; k <= end; ++k) {
      window.posted = saturating_add(window.posted, {used[k].posted});
      window.held = saturating_add(window.held, {used[k].held});
    }
    if (saturating_add(window.posted, window.held) > saturating_add(out.posted, out.held))
      out = window;
  }
  return out;
}

void Ledger::State::leave(std::uint32_t at) {
  const Standing fullest = standing_rolling(at);
  Window& window = windows[at];
  window.enforced = fullest.limit;
  if (fullest.limit.v == INT64_MAX) return;
  const NanoUsd others =
      saturating_add(fullest.posted, fullest.held) - saturating_add(window.posted, window.held);
  window.enforced = fullest.limit - others;
}

void Ledger::State::took_room(std::uint32_t at, NanoUsd more) {
  const Rolling& rolling = *cold[windows[at].account].rolling;
  const std::int64_t number = rolling.number(windows[at].start);
  for (const std::uint32_t other : rolling.open) {
    Window& window = windows[other];
    const std::int64_t apart = rolling.number(window.start) - number;
    const bool shared = apart >= -rolling_buckets && apart <= rolling_buckets;
    if (other != at && shared && left(window) && window.enforced.v != INT64_MAX)
      window.enforced = window.enforced - more;
  }
}

// Thresholds said and approvals given stay while what is used still reaches them; below, they are
// armed again.
void Ledger::State::carry(const Window& from, Window& to) {
  const AccountCold& account = cold[to.account];
  const OlderSums sums = older(account, to.start);
  const NanoUsd used = saturating_add(sums.posted, sums.held);
  for (const Mark& mark : account.marks) {
    const bool approval = mark.action == ThresholdAction::require_approval;
    if ((approval ? used : sums.posted) < threshold_amount(limit_in(to), mark.percent)) break;
    if (mark.percent <= from.fired) to.fired = mark.percent;
    if (mark.percent <= from.approved) to.approved = mark.percent;
    if (mark.percent <= from.asked) to.asked = mark.percent;
  }
}

void Ledger::State::older_changed(std::uint32_t at) {
  Window& window = windows[at];
  const AccountId id{window.account};
  if (hot[id.v].window == at) return;
  if (window.holds == 0) {
    Rolling& rolling = *cold[id.v].rolling;
    std::erase(rolling.open, at);
    const Instant newest = windows[hot[id.v].window].start;
    rolling.put(rolling.number(window.start), rolling.number(newest), window.posted.v);
    window.account = kNone;
    free_windows.push_back(at);
  }
  refit(id);
}

AccountView Ledger::State::view_rolling(AccountId id, Instant now) const {
  const AccountHot& current = hot[id.v];
  const AccountCold& account = cold[id.v];
  const std::int64_t bucket = account.rolling->bucket_ns;
  AccountView out;
  out.scope = account.scope;
  out.per = account.per;
  out.limit = account.limit;
  out.account = id;
  std::int32_t approved = 0;
  Instant newest = interval_of(account, now).start;
  if (current.window != kNone) {
    const Window& window = windows[current.window];
    newest = std::max(newest, window.start);
    approved = window.approved;
    if (window.start >= rolling_begin(newest, bucket)) {
      out.posted = window.posted;
      out.held = window.held;
      out.overrun = window.overrun;
    }
  }
  const OlderSums sums = older(account, newest);
  out.posted = saturating_add(out.posted, sums.posted);
  out.held = saturating_add(out.held, sums.held);
  out.overrun = saturating_add(out.overrun, sums.overrun);
  out.enforced = bound(account, account.limit, approved);
  out.hard = out.enforced.v != INT64_MAX;
  out.window_start = rolling_begin(newest, bucket);
  out.window_end = room_at(id, NanoUsd{0}, out);
  out.percent_used = percent_of(out.posted, out.limit);
  for (const Mark& mark : account.marks)
    if (mark.percent <= out.percent_used && mark.action == ThresholdAction::max_tier)
      out.max_tier = mark.max_tier;
  return out;
}

// When enough buckets stop counting for `asked` to fit; of nothing: when the oldest does.
Instant Ledger::State::room_at(AccountId id, NanoUsd asked, const AccountView& view) const {
  const AccountCold& account = cold[id.v];
  const std::int64_t bucket = account.rolling->bucket_ns;
  struct Part {
    Instant start;
    NanoUsd amount;
  };
  std::vector<Part> parts;
  for_each_closed(account, [&](Instant start, std::int64_t posted) {
    parts.push_back({start, {posted}});
  });
  for (const std::uint32_t at : account.rolling->open)
    parts.push_back({windows[at].start, windows[at].posted + windows[at].held});
  if (hot[id.v].window != kNone) {
    const Window& window = windows[hot[id.v].window];
    parts.push_back({window.start, window.posted + window.held});
  }
  std::erase_if(parts,
                [&](const Part& p) { return p.start < view.window_start || p.amount.v == 0; });
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.start < b.start; });
  const std::int64_t span = (rolling_buckets + 1) * bucket;  // from a bucket's start to its going
  Instant when{view.window_start.ns + span + rolling_buckets * bucket};
  Int128 over = static_cast<Int128>(view.posted.v) + view.held.v + asked.v - view.enforced.v;
  for (const Part& part : parts) {
    when = Instant{part.start.ns + span};
    over -= part.amount.v;
    if (over <= 0) break;
  }
  return when;
}

bool Ledger::State::adjust_closed(AccountId id, Instant start, NanoUsd posted) {
  Rolling& rolling = *cold[id.v].rolling;
  if (hot[id.v].window == kNone) return false;
  const Instant newest = windows[hot[id.v].window].start;
  if (start >= newest || start < rolling_begin(newest, rolling.bucket_ns)) return false;
  for (const std::uint32_t at : rolling.open)
    if (windows[at].start == start) return false;
  std::int64_t& closed = rolling.of(rolling.number(start));
  std::int64_t sum = 0;
  if (__builtin_add_overflow(closed, posted.v, &sum) || sum < 0) return false;
  closed = sum;
  refit(id);
  return true;
}

}  // namespace steelyard::router
