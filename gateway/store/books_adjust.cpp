// What operators and late bills change: never per request.
#include "gateway/store/books.h"
#include "gateway/store/books_state.h"

namespace steelyard::store {

using router::AccountId;
using router::AccountView;
using router::AdjustEvent;
using router::AdjustReason;
using router::EventType;

namespace {

auto bad(ErrorKind kind, const std::string& what) {
  return fail(kind, ErrorSource::gateway, Retry::never, what);
}

std::string name_of(const BudgetName& budget) {
  return "`" + budget.scope + "`" +
         (budget.per ? std::string(" per ") + window_word(*budget.per) : std::string());
}

// The one account of `shard` that is meant; nothing: none. More than one is an error.
Result<std::optional<AccountId>> find(const Shard& shard, const BudgetName& budget, Instant now) {
  std::optional<AccountId> found;
  for (std::uint32_t i = 0; i < shard.ledger.account_count(); ++i) {
    const AccountView view = shard.ledger.view({i}, now);
    if (view.scope != budget.scope || (budget.per && view.per != *budget.per)) continue;
    if (found)
      return bad(ErrorKind::bad_request, name_of(budget) + " has several budgets: name the window");
    found = AccountId{i};
  }
  return found;
}

// What acts on one process's share only would say something else than it does.
Result<void> alone(const Books& books, const char* instead) {
  if (!books.in_fleet()) return {};
  return bad(ErrorKind::bad_request,
             std::string("this process shares its budgets with a fleet: ") + instead);
}

}  // namespace

// The hold expired and was posted in full; now its bill is known.
void Books::State::settle_late(Shard& shard, const BookHold& hold, NanoUsd actual, NanoUsd posted,
                               Instant now) {
  const router::AttemptKey* const key = shard.ledger.key_of(hold.ref);
  if (key == nullptr) return;
  const auto found = shard.suspense.find(*key);
  if (found == shard.suspense.end()) return;
  AdjustEvent event;
  event.key = *key;
  event.posted = actual - posted;
  event.reason = AdjustReason::late_usage;
  for (std::uint32_t i = 0; i < found->second.window_count; ++i) {
    const router::WindowRef& window = found->second.windows[i];
    // Not of a window that is gone, nor of what a reset has forgiven already.
    if (!shard.ledger.adjust(window.account, window.start, event.posted, {})) continue;
    event.windows[event.count++] = {shard.numbers[window.account.v], window.start, window.end};
  }
  shard.suspense.erase(found);
  if (!journal || event.posted.v == 0 || event.count == 0) return;
  char payload[router::payload_bytes_max];
  keep(EventType::adjust, now, {payload, encode(payload, event)});
}

// What to add to which window. A rolling budget has many: the newest are changed first.
Result<void> Books::State::adjust(Shard& shard, AccountId id, AdjustReason reason, NanoUsd amount,
                                  std::string_view note, Instant now) {
  const Instant newest = shard.ledger.current_window(id, now);
  const AccountView before = shard.ledger.view(id, now);
  const bool rolls = before.per == WindowKind::rolling;
  if (rolls && reason == AdjustReason::top_up)
    return bad(ErrorKind::bad_request, "a rolling budget cannot be topped up: set its limit");
  if (options.in_fleet && reason == AdjustReason::top_up && before.limit + amount > fleet_limit_max)
    return bad(ErrorKind::bad_request, "a budget of a fleet is at most $9,007,199.25");
  NanoUsd left = reason == AdjustReason::reset ? NanoUsd{0} - before.posted : amount;
  if (reason != AdjustReason::top_up && left < NanoUsd{0} - before.posted)
    return bad(ErrorKind::bad_request, "what is posted cannot become less than nothing");
  std::vector<router::WindowBalance> windows = shard.ledger.windows(id);
  for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
    if (!rolls && window->start != newest) continue;
    AdjustEvent event;
    event.reason = reason;
    event.note = note;
    event.count = 1;
    event.windows[0] = {shard.numbers[id.v], window->start, window->end};
    if (reason == AdjustReason::top_up)
      event.credit = left;
    else
      event.posted = rolls ? std::max(left, NanoUsd{0} - window->posted) : left;
    const bool idle = event.posted.v == 0 && event.credit.v == 0;
    if (rolls && idle && window->start != newest) continue;
    if (!shard.ledger.adjust(id, window->start, event.posted, event.credit))
      return bad(ErrorKind::bad_request, "what is posted cannot become less than nothing");
    char payload[router::payload_bytes_max];
    keep(EventType::adjust, now, {payload, encode(payload, event)});
    left = left - event.posted;
    if (!rolls || left.v == 0) break;
  }
  return {};
}

Result<AccountView> Books::approve(const BudgetName& budget, std::string_view note, Instant now) {
  State& s = *state_;
  if (note.size() > router::note_bytes_max)
    return bad(ErrorKind::bad_request, "the note is longer than 200 bytes");
  for (const std::unique_ptr<Shard>& shard : s.shards) {
    const std::lock_guard lock(shard->mutex);
    const Result<std::optional<AccountId>> id = find(*shard, budget, now);
    if (!id) return fail(id.error());
    if (!*id) continue;
    if (!healthy()) return bad(ErrorKind::storage, "the ledger cannot be written");
    const Instant start = shard->ledger.current_window(**id, now);
    const std::int32_t percent = shard->ledger.approve(**id, now);
    if (percent == 0)
      return bad(ErrorKind::bad_request, name_of(budget) + " has nothing that needs approval");
    const std::vector<router::WindowBalance> windows = shard->ledger.windows(**id);
    const router::JournalWindow window{shard->numbers[(**id).v], start, windows.back().end};
    char payload[router::payload_bytes_max];
    const std::size_t size = encode(payload, router::ApprovalEvent{window, percent, true, note});
    s.keep(EventType::approval, now, {payload, size});
    return shard->ledger.view(**id, now);
  }
  return bad(ErrorKind::not_found, name_of(budget) + " has no budget");
}

Result<AccountView> Books::adjust(const BudgetName& budget, AdjustReason reason, NanoUsd amount,
                                  std::string_view note, Instant now) {
  State& s = *state_;
  if (note.size() > router::note_bytes_max)
    return bad(ErrorKind::bad_request, "the note is longer than 200 bytes");
  if (reason == AdjustReason::reset)
    if (const Result<void> may = alone(*this, "give back with `budget adjust`, or top up"); !may)
      return fail(may.error());
  for (const std::unique_ptr<Shard>& shard : s.shards) {
    const std::lock_guard lock(shard->mutex);
    const Result<std::optional<AccountId>> id = find(*shard, budget, now);
    if (!id) return fail(id.error());
    if (!*id) continue;
    if (!healthy()) return bad(ErrorKind::storage, "the ledger cannot be written");
    const Result<void> changed = s.adjust(*shard, **id, reason, amount, note, now);
    if (!changed) return fail(changed.error());
    s.notice_crossings(*shard);
    return shard->ledger.view(**id, now);
  }
  return bad(ErrorKind::not_found, name_of(budget) + " has no budget");
}

Result<AccountView> Books::set_limit(const BudgetName& budget, NanoUsd limit, Instant now) {
  State& s = *state_;
  if (limit.v < 0) return bad(ErrorKind::bad_request, "a limit cannot be negative");
  const Result<void> may =
      alone(*this, "change the limit in the file of every process, and reload");
  if (!may) return fail(may.error());
  const std::lock_guard configuring(s.configure_mutex);
  for (const std::unique_ptr<Shard>& shard : s.shards) {
    const std::lock_guard lock(shard->mutex);
    const Result<std::optional<AccountId>> id = find(*shard, budget, now);
    if (!id) return fail(id.error());
    if (!*id) continue;
    if (!healthy()) return bad(ErrorKind::storage, "the ledger cannot be written");
    const std::uint32_t number = shard->numbers[(**id).v];
    for (auto& [identity, known] : s.accounts) {
      if (known.number != number) continue;
      known.set_limit = limit;
      char payload[32];
      const std::size_t size = encode(payload, router::LimitedEvent{number, limit, known.limit});
      s.keep(EventType::limited, now, {payload, size});
    }
    shard->ledger.set_limit(**id, limit);
    s.notice_crossings(*shard);
    return shard->ledger.view(**id, now);
  }
  return bad(ErrorKind::not_found, name_of(budget) + " has no budget");
}

}  // namespace steelyard::store
