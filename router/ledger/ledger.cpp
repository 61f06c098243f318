// What happens to a hold. Nothing here allocates once the tables have grown, but for rare events: a
// new window, a threshold.
#include "router/ledger/ledger.h"

#include <algorithm>

#include "router/ledger/amounts.h"
#include "router/ledger/ledger_state.h"
#include "router/ledger/packed.h"

namespace steelyard::router {

Ledger::Ledger() : state_(std::make_unique<State>()) {}
Ledger::~Ledger() = default;

bool Ledger::State::acceptable(const ReserveRequest& request) const {
  const std::size_t count = request.accounts.size();
  if (request.amount.v < 0 || count > limits::windows_per_request_max || holds.full()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (request.accounts[i].v >= hot.size()) return false;
    // An account named twice would be checked once and charged twice.
    for (std::size_t j = 0; j < i; ++j)
      if (request.accounts[i] == request.accounts[j]) return false;
  }
  return true;
}

Denial Ledger::State::deny(AccountId id, NanoUsd asked, Instant now) {
  AccountView view;
  this->view(id, now, view);
  const AccountCold& account = cold[id.v];
  Denial out{id,    view.scope,      view.per, view.enforced, view.posted, view.held,
             asked, view.window_end, 0};
  if (account.rolling) out.resets_at = room_at(id, asked, view);
  if (account.share) out.held = out.held + elsewhere(windows[hot[id.v].window]).held;
  if (!account.approvals || (account.hard && view.enforced == view.limit)) return out;
  Window& window = windows[hot[id.v].window];
  for (const Mark& mark : account.marks) {
    if (mark.action != ThresholdAction::require_approval || mark.percent <= window.approved)
      continue;
    out.needs_approval = mark.percent;
    break;
  }
  if (out.needs_approval <= window.asked) return out;
  window.asked = out.needs_approval;
  crossings.push_back({id,
                       account.scope,
                       account.per,
                       out.needs_approval,
                       ThresholdAction::require_approval,
                       {},
                       view.limit,
                       view.posted,
                       window.start,
                       window.end,
                       true});
  return out;
}

ReserveOutcome Ledger::reserve(const ReserveRequest& request) {
  State& s = *state_;
  const std::uint32_t known = s.holds.find(request.key);
  if (known != kNone) return {ReserveStatus::exists, s.holds.ref_of(known), {}};
  if (!s.acceptable(request)) return {};

  for (const AccountId id : request.accounts) {
    if (request.now >= s.hot[id.v].window_end) s.roll(id, request.now);
    const AccountHot& account = s.hot[id.v];
    const Window& window = s.windows[account.window];
    if (request.amount.v != 0 &&
        !sum_fits(window.posted, window.held, request.amount, account.enforced))
      return {ReserveStatus::denied, {}, s.deny(id, request.amount, request.now)};
  }

  const std::uint32_t slot = s.holds.take(request.key, request.lease_until);
  HoldSlot& hold = s.holds[slot];
  hold.amount = request.amount;
  hold.reserved_at = request.now;
  hold.window_count = static_cast<std::uint8_t>(request.accounts.size());
  for (std::size_t i = 0; i < request.accounts.size(); ++i) {
    const std::uint32_t at = s.hot[request.accounts[i].v].window;
    Window& window = s.windows[at];
    window.held += request.amount;
    ++window.holds;
    hold.windows[i] = at;
  }
  return {ReserveStatus::held, s.holds.ref_of(slot), {}};
}

bool Ledger::dispatch(HoldRef ref) {
  HoldSlot* hold = state_->holds.get(ref);
  if (hold == nullptr || hold->state != HoldState::reserved) return false;
  hold->state = HoldState::dispatched;
  return true;
}

EndOutcome Ledger::State::finish(std::uint32_t slot, NanoUsd actual, HoldState end) {
  HoldSlot& hold = holds[slot];
  const NanoUsd overrun = actual > hold.amount ? actual - hold.amount : NanoUsd{0};
  for (const std::uint32_t at : hold.window_span()) {
    Window& window = windows[at];
    window.held -= hold.amount;
    window.posted = saturating_add(window.posted, actual);
    window.overrun = saturating_add(window.overrun, overrun);
    --window.holds;
    if (window.posted >= window.next_mark) say_marks(window);
    if (window.rolls) [[unlikely]] {
      older_changed(at);
      continue;
    }
    if (window.holds == 0 && hot[window.account].window != at) free_if_idle(at);
  }
  hold.posted = actual;
  hold.overrun = overrun;
  holds.end(slot, end);
  return {false, end, actual, overrun};
}

namespace {

// Of a hold that is not open any more.
EndOutcome ended_before(const HoldSlot* hold) {
  if (hold == nullptr) return {true, HoldState::unknown, {}, {}};
  return {true, hold->state, hold->posted, hold->overrun};
}

}  // namespace

EndOutcome Ledger::settle(HoldRef ref, NanoUsd actual, UsageSource) {
  const HoldSlot* hold = state_->holds.get(ref);
  if (hold == nullptr || !hold->open()) return ended_before(hold);
  // A hold still in state reserved is posted too: whoever knows a bill was billed.
  return state_->finish(ref.slot, actual.v < 0 ? NanoUsd{0} : actual, HoldState::posted);
}

EndOutcome Ledger::release(HoldRef ref) {
  const HoldSlot* hold = state_->holds.get(ref);
  if (hold == nullptr || !hold->open()) return ended_before(hold);
  return state_->finish(ref.slot, NanoUsd{0}, HoldState::voided);
}

// The window is the one fixed at reserve, whatever time it is now. So nothing has to be opened: a
// window that has passed has the limit it closed with, and a rolling one that nobody has opened yet
// counts nothing that the newest does not.
Standing Ledger::State::standing(std::uint32_t at) const {
  const Window& window = windows[at];
  const AccountHot& account = hot[window.account];
  if (window.rolls && !left(window)) return standing_rolling(at);
  return {account.window == at ? account.enforced : window.enforced, window.posted, window.held};
}

ReserveOutcome Ledger::extend(HoldRef ref, NanoUsd more) {
  State& s = *state_;
  HoldSlot* const hold = s.holds.get(ref);
  NanoUsd sum;
  if (hold == nullptr || !hold->open() || more.v < 0 ||
      __builtin_add_overflow(hold->amount.v, more.v, &sum.v))
    return {};
  for (const std::uint32_t at : hold->window_span()) {
    if (more.v == 0) break;
    const Window& window = s.windows[at];
    const Standing now = s.standing(at);
    if (sum_fits(now.posted, now.held, more, now.limit)) continue;
    const AccountCold& info = s.cold[window.account];
    return {ReserveStatus::denied,
            ref,
            {AccountId{window.account}, info.scope, info.per, now.limit, now.posted, now.held, more,
             window.end}};
  }
  hold->amount = sum;
  for (const std::uint32_t at : hold->window_span()) {
    Window& window = s.windows[at];
    window.held += more;
    if (!window.rolls) continue;
    const NanoUsd in_use = saturating_add(window.posted, window.held) - window.overrun;
    window.ceiling = std::max(window.ceiling, in_use);
    s.took_room(at, more);
    s.older_changed(at);
  }
  return {ReserveStatus::held, ref, {}};
}

bool Ledger::renew(HoldRef ref, Tick lease_until) {
  const HoldSlot* hold = state_->holds.get(ref);
  if (hold == nullptr || !hold->open()) return false;
  if (lease_until > state_->holds.lease_of(ref.slot))
    state_->holds.set_lease(ref.slot, lease_until);
  return true;
}

std::size_t Ledger::expire(Tick now, std::vector<ExpiredHold>* ended) {
  HoldTable& holds = state_->holds;
  std::size_t count = 0;
  for (std::uint32_t slot = 0; slot < holds.slots(); ++slot) {
    if (holds.lease_of(slot) > now || !holds[slot].open()) continue;
    const HoldSlot& hold = holds[slot];
    const bool sent = hold.state == HoldState::dispatched;
    const HoldState end = sent ? HoldState::expired : HoldState::voided;
    if (ended != nullptr) {
      ended->push_back(
          {holds.ref_of(slot), hold.key, hold.amount, end, hold.window_count != 0, 0, {}});
      for (const std::uint32_t at : hold.window_span()) {
        const Window& window = state_->windows[at];
        ended->back().windows[ended->back().window_count++] = {AccountId{window.account},
                                                               window.start, window.end};
      }
    }
    state_->finish(slot, sent ? hold.amount : NanoUsd{0}, end);
    ++count;
  }
  return count;
}

HoldState Ledger::state_of(HoldRef ref) const {
  const HoldSlot* hold = state_->holds.get(ref);
  return hold == nullptr ? HoldState::unknown : hold->state;
}

bool Ledger::describe(HoldRef ref, HoldView& out) const {
  const HoldSlot* hold = state_->holds.get(ref);
  if (hold == nullptr) return false;
  out.key = hold->key;
  out.state = hold->state;
  out.amount = hold->amount;
  out.reserved_at = hold->reserved_at;
  // The windows of an ended hold may be gone.
  out.window_count = hold->open() ? hold->window_count : 0;
  for (std::uint32_t i = 0; i < out.window_count; ++i) {
    const Window& window = state_->windows[hold->windows[i]];
    out.windows[i] = {AccountId{window.account}, window.start, window.end};
  }
  return true;
}

const AttemptKey* Ledger::key_of(HoldRef ref) const {
  const HoldSlot* hold = state_->holds.get(ref);
  return hold == nullptr ? nullptr : &hold->key;
}

DispatchPayload Ledger::write_dispatch(HoldRef ref, std::span<const std::uint32_t> numbers,
                                       char* out) const {
  const HoldSlot* hold = state_->holds.get(ref);
  if (hold == nullptr || hold->state != HoldState::reserved) return {};
  DispatchWriter writer(out, hold->key, hold->amount, hold->window_count);
  for (const std::uint32_t at : hold->window_span()) {
    const Window& window = state_->windows[at];
    writer.add({numbers[window.account], window.start, window.end});
  }
  return {writer.size(), hold->reserved_at};
}

std::size_t Ledger::open_holds() const {
  return state_->holds.open();
}
std::size_t Ledger::account_count() const {
  return state_->hot.size();
}
std::span<const Crossing> Ledger::crossings() const {
  return state_->crossings;
}
void Ledger::clear_crossings() {
  state_->crossings.clear();
}

}  // namespace steelyard::router
