#include "router/ledger/balances.h"

#include <algorithm>

#include "router/ledger/amounts.h"
#include "router/ledger/rolling.h"

namespace steelyard::router {

namespace {

auto bad(const Event& event, const char* what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
              "journal record " + std::to_string(event.seq) + ": " + what);
}

auto bad(const char* what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, what);
}

}  // namespace

Balances::Window* Balances::find(WindowId id) {
  if (id.account >= accounts_.size()) return nullptr;
  for (Window& window : accounts_[id.account].windows)
    if (window.balance.start == id.start) return &window;
  return nullptr;
}

void Balances::prune(Account& account) {
  std::vector<Window>& windows = account.windows;
  if (windows.size() < 2) return;
  Instant counts = windows.back().balance.start;
  if (account.per == WindowKind::rolling)
    counts = rolling_begin(counts, rolling_bucket_ns(account.rolling_s));
  const auto idle_old = [&](const Window& w) { return w.holds == 0 && w.balance.start < counts; };
  windows.erase(std::remove_if(windows.begin(), windows.end() - 1, idle_old), windows.end() - 1);
}

Result<void> Balances::on_account(const AccountEvent& event) {
  if (event.account > accounts_.size()) return bad("an account number was skipped");
  if (event.account == accounts_.size()) {
    accounts_.emplace_back();
    accounts_.back().scope = event.scope;
    accounts_.back().zone = event.zone;
    accounts_.back().per = event.per;
    accounts_.back().starts = event.starts;
    accounts_.back().rolling_s = event.rolling_s;
  }
  Account& account = accounts_[event.account];
  if (account.scope != event.scope || account.zone != event.zone || account.per != event.per ||
      account.starts != event.starts || account.rolling_s != event.rolling_s)
    return bad("an account number was used twice");
  if (account.limit != event.limit) account.set_limit = {-1};
  account.limit = event.limit;
  return {};
}

Balances::Window& Balances::open(const JournalWindow& named) {
  if (Window* const known = find({named.account, named.start})) return *known;
  std::vector<Window>& windows = accounts_[named.account].windows;
  Window made;
  made.balance.start = named.start;
  made.balance.end = named.end;
  const auto later = [&](const Window& w) { return w.balance.start > named.start; };
  return *windows.insert(std::find_if(windows.begin(), windows.end(), later), made);
}

Result<void> Balances::on_adjust(const AdjustEvent& event) {
  for (std::uint32_t i = 0; i < event.count; ++i) {
    if (event.windows[i].account >= accounts_.size()) return bad("unknown account");
    const JournalWindow& named = event.windows[i];
    // Late usage of a window that nobody asks about any more is history, not a balance.
    if (event.reason == AdjustReason::late_usage && find({named.account, named.start}) == nullptr)
      continue;
    WindowBalance& balance = open(named).balance;
    if (__builtin_add_overflow(balance.posted.v, event.posted.v, &balance.posted.v) ||
        __builtin_add_overflow(balance.credit.v, event.credit.v, &balance.credit.v) ||
        balance.posted.v < 0)
      return bad("an adjustment below zero, or out of range");
    prune(accounts_[named.account]);
  }
  return {};
}

Result<void> Balances::on_limited(const LimitedEvent& event) {
  if (event.account >= accounts_.size()) return bad("unknown account");
  accounts_[event.account].set_limit = event.limit;
  return {};
}

void Balances::on_key(const KnownKey& key) {
  constexpr std::int64_t week_ns = 7 * 86'400 * Instant::kPerSecond;
  const auto oldest_goes = [&] {
    return key_order_.size() >= keys_max ||
           keyed_[key_order_.front()].key.time.ns < key.time.ns - week_ns;
  };
  while (!key_order_.empty() && oldest_goes()) {
    keyed_.erase(key_order_.front());
    key_order_.pop_front();
  }
  if (keyed_.try_emplace(key.request, Keyed{key, 0}).second) key_order_.push_back(key.request);
}

void Balances::note_charge(RequestId request, int change) {
  if (keyed_.empty()) return;
  const auto known = keyed_.find(request);
  if (known != keyed_.end()) known->second.charges += change;
}

std::vector<KnownKey> Balances::charged_keys() const {
  std::vector<KnownKey> out;
  for (const RequestId& request : key_order_) {
    const Keyed& keyed = keyed_.at(request);
    if (keyed.charges > 0) out.push_back(keyed.key);
  }
  return out;
}

Result<void> Balances::on_approval(const ApprovalEvent& event) {
  if (event.window.account >= accounts_.size()) return bad("unknown account");
  WindowBalance& balance = open(event.window).balance;
  std::int32_t& level = event.given ? balance.approved : balance.asked;
  level = std::max(level, event.percent);
  prune(accounts_[event.window.account]);
  return {};
}

Result<void> Balances::on_dispatch(const DispatchEvent& event) {
  for (std::uint32_t i = 0; i < event.count; ++i)
    if (event.windows[i].account >= accounts_.size()) return bad("unknown account");
  const auto [place, fresh] = holds_.try_emplace(event.key);
  if (!fresh) return bad("an attempt was dispatched twice");
  note_charge(event.key.request, 1);
  Hold& hold = place->second;
  hold.amount = event.amount;
  hold.windows.reserve(event.count);
  for (std::uint32_t i = 0; i < event.count; ++i) {
    const JournalWindow& named = event.windows[i];
    const WindowId id{named.account, named.start};
    const std::size_t before = accounts_[named.account].windows.size();
    Window& window = open(named);
    window.balance.held += event.amount;
    ++window.holds;
    if (accounts_[named.account].windows.size() != before) prune(accounts_[named.account]);
    hold.windows.push_back(id);
  }
  return {};
}

Result<void> Balances::on_end(const AttemptKey& key, NanoUsd actual, bool in_full) {
  const auto place = holds_.find(key);
  if (place == holds_.end()) return bad("the end of an attempt that was not in flight");
  const Hold hold = std::move(place->second);
  holds_.erase(place);
  const NanoUsd posted = in_full ? hold.amount : actual;
  if (posted.v == 0) note_charge(key.request, -1);
  const NanoUsd overrun = posted > hold.amount ? posted - hold.amount : NanoUsd{0};
  for (const WindowId& id : hold.windows) {
    Window* window = find(id);
    if (window == nullptr || window->holds == 0) return bad("a hold without its window");
    window->balance.held -= hold.amount;
    window->balance.posted = saturating_add(window->balance.posted, posted);
    window->balance.overrun = saturating_add(window->balance.overrun, overrun);
    if (--window->holds == 0) prune(accounts_[id.account]);
  }
  return {};
}

Result<void> Balances::on_extend(const ExtendEvent& event) {
  const auto place = holds_.find(event.key);
  if (place == holds_.end()) return bad("an attempt grew that was not in flight");
  std::int64_t sum = 0;
  if (__builtin_add_overflow(place->second.amount.v, event.more.v, &sum))
    return bad("a hold out of range");
  for (const WindowId& id : place->second.windows) {
    Window* const window = find(id);
    if (window == nullptr || window->holds == 0) return bad("a hold without its window");
    window->balance.held += event.more;
  }
  place->second.amount.v = sum;
  return {};
}

void Balances::on_fired(const FiredEvent& event) {
  // The window may have closed since: then nobody asks any more.
  Window* window = find({event.account, event.window_start});
  if (window != nullptr) window->balance.fired = std::max(window->balance.fired, event.percent);
}

Result<void> Balances::apply(const Event& event) {
  const auto named = [&](const Result<void>& done) -> Result<void> {
    if (done) return {};
    return bad(event, done.error().context.c_str());
  };
  const auto take = [&](auto payload, const char* what, auto&& each) -> Result<void> {
    if (!router::decode(event.payload, payload)) return bad(event, what);
    return named(each(payload));
  };
  switch (event.type) {
    case EventType::account: {
      AccountEvent account;
      if (!router::decode(event.payload, account)) return bad(event, "bad account payload");
      return named(on_account(account));
    }
    case EventType::dispatch: {
      DispatchEvent dispatch;
      if (!router::decode(event.payload, dispatch)) return bad(event, "bad dispatch payload");
      return named(on_dispatch(dispatch));
    }
    case EventType::settle: {
      SettleEvent settle;
      if (!router::decode(event.payload, settle)) return bad(event, "bad settle payload");
      return named(on_end(settle.key, settle.actual, false));
    }
    case EventType::release:
    case EventType::expire: {
      EndEvent end;
      if (!router::decode(event.payload, end)) return bad(event, "bad end payload");
      return named(on_end(end.key, NanoUsd{0}, event.type == EventType::expire));
    }
    case EventType::extend:
      return take(ExtendEvent(), "bad extension payload",
                  [this](const ExtendEvent& e) { return on_extend(e); });
    case EventType::fired: {
      FiredEvent fired;
      if (!router::decode(event.payload, fired)) return bad(event, "bad threshold payload");
      on_fired(fired);
      return {};
    }
    case EventType::adjust:
      return take(AdjustEvent(), "bad adjustment payload",
                  [this](const AdjustEvent& e) { return on_adjust(e); });
    case EventType::limited:
      return take(LimitedEvent(), "bad limit payload",
                  [this](const LimitedEvent& e) { return on_limited(e); });
    case EventType::approval:
      return take(ApprovalEvent(), "bad approval payload",
                  [this](const ApprovalEvent& e) { return on_approval(e); });
    case EventType::once: {
      KnownKey key;
      if (!router::decode(event.payload, key)) return bad(event, "bad idempotency payload");
      key.time = event.time;
      on_key(key);
      return {};
    }
    case EventType::synced: return {};
  }
  return bad(event, "unknown type; written by a newer version?");
}

}  // namespace steelyard::router
