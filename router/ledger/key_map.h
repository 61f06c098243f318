#pragma once
// AttemptKey → slot of the hold table: open addressing with linear probing, eight bytes an entry,
// no allocation until it grows. The keys themselves live in the holds; the map keeps 32 bits of
// their hash.
#include <cstdint>
#include <vector>

#include "router/ledger/ledger.h"

namespace steelyard::router {

class KeyMap {
 public:
  static std::uint32_t hash(const AttemptKey& key) {
    std::uint64_t h =
        (key.request.hi ^ (key.request.lo << 32 | key.request.lo >> 32)) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    h = (h + key.attempt + 1) * 0xD6E8FEB86659FD93u;
    return static_cast<std::uint32_t>(h >> 32);
  }

  // `same(slot)` compares the whole key. UINT32_MAX: not there.
  template <class Same>
  std::uint32_t find(std::uint32_t hash, const Same& same) const {
    if (entries_.empty()) return UINT32_MAX;
    for (std::uint32_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Entry& entry = entries_[at];
      if (entry.slot == kFree) return UINT32_MAX;
      if (entry.hash == hash && same(entry.slot)) return entry.slot;
    }
  }

  // The key must not be there.
  void insert(std::uint32_t hash, std::uint32_t slot) {
    if ((count_ + 1) * 2 > entries_.size()) grow();
    place({hash, slot});
    ++count_;
  }

  void erase(std::uint32_t hash, std::uint32_t slot);
  std::size_t size() const { return count_; }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  struct Entry {
    std::uint32_t hash = 0, slot = kFree;
  };
  void place(Entry entry) {
    std::uint32_t at = entry.hash & mask_;
    while (entries_[at].slot != kFree) at = (at + 1) & mask_;
    entries_[at] = entry;
  }
  void grow();

  std::vector<Entry> entries_;  // a power of two, at most half full
  std::uint32_t mask_ = 0;
  std::size_t count_ = 0;
};

}  // namespace steelyard::router
