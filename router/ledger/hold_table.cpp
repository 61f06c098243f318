#include "router/ledger/hold_table.h"

namespace steelyard::router {

std::uint32_t HoldTable::take(const AttemptKey& key, Tick lease_until) {
  std::uint32_t slot;
  if (ended_ > kEndedKept) {
    slot = oldest_ended_;
    HoldSlot& old = slots_[slot];
    oldest_ended_ = old.next_ended;
    if (oldest_ended_ == UINT32_MAX) newest_ended_ = UINT32_MAX;
    --ended_;
    keys_.erase(KeyMap::hash(old.key), slot);
    ++old.generation;
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
    leases_.emplace_back();
  }
  HoldSlot& hold = slots_[slot];
  hold.key = key;
  hold.state = HoldState::reserved;
  hold.posted = hold.overrun = NanoUsd{0};
  hold.next_ended = UINT32_MAX;
  leases_[slot] = lease_until;
  keys_.insert(KeyMap::hash(key), slot);
  ++open_;
  return slot;
}

void HoldTable::end(std::uint32_t slot, HoldState state) {
  slots_[slot].state = state;
  leases_[slot] = Tick{INT64_MAX};
  if (newest_ended_ == UINT32_MAX)
    oldest_ended_ = slot;
  else
    slots_[newest_ended_].next_ended = slot;
  newest_ended_ = slot;
  ++ended_;
  --open_;
}

}  // namespace steelyard::router
