// The request path through the books: one shard's mutex, at most one record, never a system call.
#include "gateway/store/books.h"

#include <algorithm>

#include "gateway/store/books_state.h"

namespace steelyard::store {

using router::EndOutcome;
using router::EventType;
using router::HoldState;

namespace {
constexpr std::size_t kSuspenseMax = 1'024;  // of a shard
}  // namespace

Books::Books(std::unique_ptr<State> state) : state_(std::move(state)) {}
Books::~Books() = default;

Reservation Books::reserve(const Chain& chain, const router::AttemptKey& key, NanoUsd amount,
                           Instant now, Tick tick) {
  State& s = *state_;
  Reservation out;
  if (chain.shard >= s.shards.size() || chain.count > chain.accounts.size()) return out;
  if (!chain.empty() && !healthy()) {
    out.status = Admission::ledger_down;
    return out;
  }
  Shard& shard = *s.shards[chain.shard];
  const Tick lease_until = tick.plus_ms(s.spec.lease_ms);
  const std::lock_guard lock(shard.mutex);
  const router::ReserveOutcome outcome =
      shard.ledger.reserve({key, chain.span(), amount, now, lease_until});
  out.hold = {outcome.hold, chain.shard, !chain.empty(), s.renewal_after(tick)};
  switch (outcome.status) {
    case router::ReserveStatus::held: out.status = Admission::held; break;
    case router::ReserveStatus::exists: out.status = Admission::exists; break;
    case router::ReserveStatus::refused: out.status = Admission::refused; break;
    case router::ReserveStatus::denied:
      out.status = Admission::denied;
      out.denial = outcome.denial;
      s.notice_crossings(shard);  // an approval may have been asked for
      break;
  }
  return out;
}

Dispatched Books::dispatch(const BookHold& hold) {
  State& s = *state_;
  if (hold.shard >= s.shards.size()) return {};
  Shard& shard = s.shard_of(hold);
  const std::lock_guard lock(shard.mutex);
  std::uint64_t seq = 0;
  if (hold.governed && s.journal) {
    char payload[router::payload_bytes_max];
    const router::DispatchPayload written =
        shard.ledger.write_dispatch(hold.ref, shard.numbers, payload);
    if (written.bytes == 0) return {};
    seq = s.journal->append(EventType::dispatch, written.reserved_at, {payload, written.bytes});
    if (seq == 0) return {DispatchStatus::ledger_down, 0};
    if (s.spec.durability == Durability::relaxed) seq = 0;
  }
  if (!shard.ledger.dispatch(hold.ref)) return {};
  return {DispatchStatus::sent, seq};
}

namespace {

// What the journal must hear before a hold ends: nothing of one that was never sent and cost
// nothing.
struct Ending {
  bool open = false, sent = false;
};

Ending ending_of(const Shard& shard, const BookHold& hold) {
  const HoldState state = shard.ledger.state_of(hold.ref);
  return {state == HoldState::reserved || state == HoldState::dispatched,
          state == HoldState::dispatched};
}

}  // namespace

EndOutcome Books::State::settle(Shard& shard, const BookHold& hold, NanoUsd actual,
                                router::UsageSource source, Instant now) {
  actual = std::max(actual, NanoUsd{0});
  const Ending ending = ending_of(shard, hold);
  if (hold.governed && journal && ending.open) {
    char payload[router::payload_bytes_max];
    if (!ending.sent) {
      const router::DispatchPayload written =
          shard.ledger.write_dispatch(hold.ref, shard.numbers, payload);
      keep(EventType::dispatch, written.reserved_at, {payload, written.bytes});
    }
    const std::size_t size =
        encode(payload, router::SettleEvent{*shard.ledger.key_of(hold.ref), actual, source});
    keep(EventType::settle, now, {payload, size});
  }
  const EndOutcome outcome = shard.ledger.settle(hold.ref, actual, source);
  if (outcome.already && outcome.state == HoldState::expired) [[unlikely]]
    settle_late(shard, hold, actual, outcome.posted, now);
  notice_crossings(shard);
  return outcome;
}

EndOutcome Books::settle(const BookHold& hold, NanoUsd actual, router::UsageSource source,
                         Instant now) {
  State& s = *state_;
  if (hold.shard >= s.shards.size()) return {true, HoldState::unknown, {}, {}};
  Shard& shard = s.shard_of(hold);
  const std::lock_guard lock(shard.mutex);
  return s.settle(shard, hold, actual, source, now);
}

EndOutcome Books::settle(const BookHold& hold, NanoUsd actual, router::UsageSource source,
                         Instant now, const Chain& chain, ChainView& after) {
  State& s = *state_;
  if (chain.shard != hold.shard || hold.shard >= s.shards.size()) {
    const EndOutcome outcome = settle(hold, actual, source, now);
    after = view(chain, now);
    return outcome;
  }
  Shard& shard = s.shard_of(hold);
  const std::lock_guard lock(shard.mutex);
  const EndOutcome outcome = s.settle(shard, hold, actual, source, now);
  State::look(shard, chain, now, after);
  return outcome;
}

EndOutcome Books::release(const BookHold& hold, Instant now) {
  State& s = *state_;
  if (hold.shard >= s.shards.size()) return {true, HoldState::unknown, {}, {}};
  Shard& shard = s.shard_of(hold);
  const std::lock_guard lock(shard.mutex);
  if (hold.governed && s.journal && ending_of(shard, hold).sent) {
    char payload[32];
    const std::size_t size = encode(payload, router::EndEvent{*shard.ledger.key_of(hold.ref)});
    s.keep(EventType::release, now, {payload, size});
  }
  return shard.ledger.release(hold.ref);
}

Reservation Books::extend(const BookHold& hold, NanoUsd more, Instant now) {
  State& s = *state_;
  Reservation out;
  out.hold = hold;
  if (hold.shard >= s.shards.size()) return out;
  if (hold.governed && !healthy()) {
    out.status = Admission::ledger_down;
    return out;
  }
  Shard& shard = s.shard_of(hold);
  const std::lock_guard lock(shard.mutex);
  const router::ReserveOutcome outcome = shard.ledger.extend(hold.ref, more);
  out.denial = outcome.denial;
  if (outcome.status == router::ReserveStatus::denied) out.status = Admission::denied;
  if (outcome.status != router::ReserveStatus::held) return out;
  out.status = Admission::held;
  if (!hold.governed || !s.journal || !ending_of(shard, hold).sent) return out;
  char payload[32];
  const std::size_t size =
      encode(payload, router::ExtendEvent{*shard.ledger.key_of(hold.ref), more});
  s.keep(EventType::extend, now, {payload, size});
  return out;
}

bool Books::renew(BookHold& hold, Tick tick) {
  State& s = *state_;
  hold.renew_at = s.renewal_after(tick);
  if (hold.shard >= s.shards.size()) return false;
  Shard& shard = s.shard_of(hold);
  const std::lock_guard lock(shard.mutex);
  return shard.ledger.renew(hold.ref, tick.plus_ms(s.spec.lease_ms));
}

std::size_t Books::expire(Tick tick, Instant now) {
  State& s = *state_;
  std::size_t count = 0;
  for (const std::unique_ptr<Shard>& shard : s.shards) {
    const std::lock_guard lock(shard->mutex);
    shard->ended.clear();
    count += shard->ledger.expire(tick, &shard->ended);
    for (const router::ExpiredHold& hold : shard->ended) {
      if (hold.state != HoldState::expired || !hold.governed) continue;
      if (shard->suspense.size() >= kSuspenseMax) shard->suspense.erase(shard->suspense.begin());
      shard->suspense[hold.key] = hold;
      char payload[32];
      const std::size_t size = encode(payload, router::EndEvent{hold.key});
      s.keep(EventType::expire, now, {payload, size});
    }
    s.notice_crossings(*shard);
  }
  return count;
}

bool Books::when_durable(std::uint64_t seq, void (*done)(void* context), void* context) {
  return !state_->journal || state_->journal->when_durable(seq, done, context);
}

bool Books::durable(std::uint64_t seq) const {
  return !state_->journal || state_->journal->durable(seq);
}

bool Books::wait_durable(std::uint64_t seq) {
  return !state_->journal || state_->journal->wait_durable(seq);
}

void Books::note_key(const router::KnownKey& key, Instant now) {
  char payload[64];
  state_->keep(EventType::once, now, {payload, encode(payload, key)});
}

const std::vector<router::KnownKey>& Books::known_keys() const {
  return state_->known_keys;
}

RateLimits& Books::rates() {
  return state_->rates;
}

bool Books::healthy() const {
  return !state_->journal || state_->journal->healthy();
}

Result<void> Books::flush() {
  if (state_->journal) return state_->journal->flush();
  return {};
}

}  // namespace steelyard::store
