#pragma once
// Every hold, open or lately ended, in one slab. A slot is used again oldest first and only when
// some hundreds of ended holds stand before it, so that a late second settle, or a repeated key,
// still finds how the hold ended.
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "router/ledger/key_map.h"
#include "router/ledger/ledger.h"

namespace steelyard::router {

struct HoldSlot {
  AttemptKey key;
  NanoUsd amount;
  NanoUsd posted;   // after the end
  NanoUsd overrun;  // after the end
  Instant reserved_at;
  std::uint32_t generation = 0;
  std::uint32_t next_ended = UINT32_MAX;
  HoldState state = HoldState::unknown;
  std::uint8_t window_count = 0;
  std::array<std::uint32_t, limits::windows_per_request_max> windows;  // into State::windows

  std::span<const std::uint32_t> window_span() const { return {windows.data(), window_count}; }
  bool open() const { return state == HoldState::reserved || state == HoldState::dispatched; }
};

class HoldTable {
 public:
  static constexpr std::size_t kSlotsMax = 1u << 20;  // open holds of one ledger, about 180 MB
  static constexpr std::size_t kEndedKept = 256;

  std::uint32_t find(const AttemptKey& key) const {
    return keys_.find(KeyMap::hash(key),
                      [&](std::uint32_t slot) { return slots_[slot].key == key; });
  }
  // Null: stale or never given out.
  HoldSlot* get(HoldRef ref) {
    if (ref.slot >= slots_.size() || slots_[ref.slot].generation != ref.generation) return nullptr;
    return &slots_[ref.slot];
  }
  const HoldSlot* get(HoldRef ref) const { return const_cast<HoldTable*>(this)->get(ref); }
  HoldRef ref_of(std::uint32_t slot) const { return {slot, slots_[slot].generation}; }

  bool full() const { return open_ >= kSlotsMax; }
  // A slot for a new open hold; the table must not be full and the key not in it.
  std::uint32_t take(const AttemptKey& key, Tick lease_until);
  // The hold has ended with the state given; its windows are the caller's to give back.
  void end(std::uint32_t slot, HoldState state);

  HoldSlot& operator[](std::uint32_t slot) { return slots_[slot]; }
  const HoldSlot& operator[](std::uint32_t slot) const { return slots_[slot]; }
  std::size_t slots() const { return slots_.size(); }
  std::size_t open() const { return open_; }
  std::size_t keys() const { return keys_.size(); }
  Tick lease_of(std::uint32_t slot) const { return leases_[slot]; }
  void set_lease(std::uint32_t slot, Tick until) { leases_[slot] = until; }

 private:
  std::vector<HoldSlot> slots_;
  std::vector<Tick> leases_;  // apart, so that expire() scans eight bytes a hold; ended: INT64_MAX
  KeyMap keys_;
  std::uint32_t oldest_ended_ = UINT32_MAX, newest_ended_ = UINT32_MAX;
  std::size_t ended_ = 0, open_ = 0;
};

}  // namespace steelyard::router
