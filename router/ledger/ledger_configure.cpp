// Budgets come and change; usage stays.
#include <algorithm>

#include "router/ledger/amounts.h"
#include "router/ledger/ledger_state.h"

namespace steelyard::router {

namespace {

auto bad(const AccountSpec& spec, const std::string& what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              "budget of `" + spec.scope + "`: " + what);
}

Result<std::vector<std::string>> checked_identities(std::span<const AccountSpec> accounts,
                                                    const ZoneTable& zones) {
  std::vector<std::string> identities;
  std::set<std::string_view> seen;
  identities.reserve(accounts.size());
  for (const AccountSpec& spec : accounts) {
    if (spec.budget.limit.v < 0) return bad(spec, "the limit is negative");
    if (spec.budget.per == WindowKind::rolling && spec.budget.rolling_s <= 0)
      return bad(spec, "a rolling budget without a length");
    if (zones.find(spec.budget.time_zone) == nullptr)
      return bad(spec, "unknown time zone `" + spec.budget.time_zone + "`");
    identities.push_back(account_identity(spec));
    if (!seen.insert(identities.back()).second)
      return bad(spec, "two budgets for the same window and time zone");
  }
  return identities;
}

}  // namespace

std::string account_identity(std::string_view scope, WindowKind per, std::string_view time_zone,
                             std::uint8_t starts, std::int64_t rolling_s) {
  std::string out(scope);
  out += '\0';
  out += static_cast<char>('0' + static_cast<int>(per));
  if (per == WindowKind::rolling)
    out += std::to_string(rolling_s);
  else if (per != WindowKind::lifetime)
    out += time_zone;
  if (starts != 1) out += '\0' + std::to_string(starts);
  return out;
}

Result<void> Ledger::check(std::span<const AccountSpec> accounts, const ZoneTable& zones) {
  const Result<std::vector<std::string>> identities = checked_identities(accounts, zones);
  if (!identities) return fail(identities.error());
  return {};
}

Result<std::vector<AccountId>> Ledger::configure(std::span<const AccountSpec> accounts,
                                                 const ZoneTable& zones) {
  State& s = *state_;
  const Result<std::vector<std::string>> identities = checked_identities(accounts, zones);
  if (!identities) return fail(identities.error());
  std::vector<AccountId> ids;
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const BudgetSpec& budget = accounts[i].budget;
    const AccountId next{static_cast<std::uint32_t>(s.hot.size())};
    const auto place = s.by_identity.try_emplace((*identities)[i], next).first;
    const AccountId id = place->second;
    if (id == next) {
      s.hot.emplace_back();
      s.cold.emplace_back().identity = place->first;
      if (s.in_fleet) s.cold.back().share = std::make_unique<Share>();
    }
    AccountCold& account = s.cold[id.v];
    account.id = id.v;
    account.scope = accounts[i].scope;
    account.per = budget.per;
    account.starts = budget.starts;
    account.limit = budget.limit;
    account.zone = zones.find(budget.time_zone);
    account.marks.clear();
    for (const Threshold& t : budget.thresholds)
      account.marks.push_back({t.percent, t.action, *s.tiers.insert(t.max_tier).first});
    if (budget.thresholds.empty()) account.marks.push_back({100, ThresholdAction::block, ""});
    std::sort(account.marks.begin(), account.marks.end(),
              [](const Mark& a, const Mark& b) { return a.percent < b.percent; });
    account.steps.clear();
    for (const Threshold& t : budget.pace)
      account.steps.push_back({t.percent, t.action, *s.tiers.insert(t.max_tier).first});
    if (budget.per == WindowKind::rolling && !account.rolling) {
      account.rolling = std::make_unique<Rolling>();
      account.rolling->bucket_ns = rolling_bucket_ns(budget.rolling_s);
    }
    account.hard = budget.hard();
    account.aside = account.rolling || account.share;
    account.approvals = std::any_of(
        account.marks.begin(), account.marks.end(),
        [](const Mark& mark) { return mark.action == ThresholdAction::require_approval; });
    s.hot[id.v].enforced = State::bound(account, budget.limit, 0);
    s.hot[id.v].caps_tiers =
        std::any_of(account.marks.begin(), account.marks.end(),
                    [](const Mark& mark) { return mark.action == ThresholdAction::max_tier; });
    s.hot[id.v].always_look =
        budget.limit.v <= 0 || account.marks.front().percent <= 0 || account.rolling != nullptr;
    s.refit(id);
    ids.push_back(id);
  }
  return ids;
}

void Ledger::restore(AccountId id, const WindowBalance& balance) {
  State& s = *state_;
  if (id.v >= s.hot.size()) return;
  const std::uint32_t newest = s.hot[id.v].window;
  if (newest != kNone && s.windows[newest].start >= balance.start) return;
  if (s.cold[id.v].rolling) s.shift(id, balance.start);
  Window& window = s.windows[s.open_window(id, {balance.start, balance.end})];
  window.posted = balance.posted;
  window.overrun = balance.overrun;
  window.fired = std::max(window.fired, balance.fired);
  window.approved = std::max(window.approved, balance.approved);
  window.asked = std::max(window.asked, balance.asked);
  window.credit = balance.credit;
  s.refit(id);
}

bool Ledger::adjust(AccountId id, Instant start, NanoUsd posted, NanoUsd credit) {
  State& s = *state_;
  if (id.v >= s.hot.size()) return false;
  const bool rolls = s.cold[id.v].rolling != nullptr;
  if (rolls && credit.v != 0) return false;  // there is no window that it would be room in
  if (rolls && s.adjust_closed(id, start, posted)) return true;
  for (std::uint32_t at = 0; at < s.windows.size(); ++at) {
    Window& window = s.windows[at];
    if (window.account != id.v || window.start != start) continue;
    std::int64_t sum = 0, extra = 0;
    if (__builtin_add_overflow(window.posted.v, posted.v, &sum) || sum < 0) return false;
    if (__builtin_add_overflow(window.credit.v, credit.v, &extra)) return false;
    window.posted.v = sum;
    window.credit.v = extra;
    if (s.hot[id.v].window != at)
      window.ceiling = std::max(window.ceiling, saturating_add(window.posted, window.held));
    if (s.hot[id.v].window == at || rolls) s.refit(id);
    return true;
  }
  return false;
}

Instant Ledger::current_window(AccountId id, Instant now) {
  State& s = *state_;
  if (id.v >= s.hot.size()) return {};
  if (now >= s.hot[id.v].window_end) s.roll(id, now);
  return s.windows[s.hot[id.v].window].start;
}

std::int32_t Ledger::approve(AccountId id, Instant now) {
  State& s = *state_;
  if (id.v >= s.hot.size() || !s.cold[id.v].approvals) return 0;
  if (now >= s.hot[id.v].window_end) s.roll(id, now);
  Window& window = s.windows[s.hot[id.v].window];
  for (const Mark& mark : s.cold[id.v].marks) {
    if (mark.action != ThresholdAction::require_approval || mark.percent <= window.approved)
      continue;
    window.approved = mark.percent;
    s.refit(id);
    return mark.percent;
  }
  return 0;
}

void Ledger::set_limit(AccountId id, NanoUsd limit) {
  State& s = *state_;
  if (id.v >= s.hot.size() || limit.v < 0) return;
  s.cold[id.v].limit = limit;
  s.hot[id.v].enforced = State::bound(s.cold[id.v], limit, 0);
  s.hot[id.v].always_look =
      limit.v <= 0 || s.cold[id.v].marks.front().percent <= 0 || s.cold[id.v].rolling != nullptr;
  s.refit(id);
}

std::string Ledger::check_invariants() const {
  const State& s = *state_;
  struct Tally {
    Int128 held = 0;
    std::uint32_t holds = 0;
  };
  std::vector<Tally> tallies(s.windows.size());
  std::size_t open = 0;
  for (std::uint32_t slot = 0; slot < s.holds.slots(); ++slot) {
    const HoldSlot& hold = s.holds[slot];
    if (s.holds.find(hold.key) != slot) return "a hold is not found under its key";
    if (!hold.open()) continue;
    ++open;
    for (const std::uint32_t at : hold.window_span()) {
      tallies[at].held += hold.amount.v;
      ++tallies[at].holds;
    }
  }
  if (open != s.holds.open()) return "the count of open holds is wrong";
  if (s.holds.keys() != s.holds.slots()) return "the map of keys and the holds differ";

  for (std::uint32_t at = 0; at < s.windows.size(); ++at) {
    const Window& w = s.windows[at];
    if (w.account == kNone) {
      if (tallies[at].holds != 0) return "an open hold counts against a window that is gone";
      continue;
    }
    const std::string name = "`" + s.cold[w.account].scope + "`: ";
    if (w.held.v != tallies[at].held || w.holds != tallies[at].holds)
      return name + "held is not the sum of the open holds";
    if (w.posted.v < 0 || w.held.v < 0 || w.overrun.v < 0) return name + "a negative balance";
    if (w.holds == 0 && s.hot[w.account].window != at) return name + "an idle old window is kept";
    const Int128 used = static_cast<Int128>(w.posted.v) + w.held.v;
    if (used > static_cast<Int128>(w.ceiling.v) + w.overrun.v)
      return name + "posted and held exceed the limit and the recorded overruns";
  }
  return "";
}

}  // namespace steelyard::router
