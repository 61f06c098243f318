#include "router/ledger/key_map.h"

#include <utility>

namespace steelyard::router {

void KeyMap::erase(std::uint32_t hash, std::uint32_t slot) {
  if (entries_.empty()) return;
  std::uint32_t hole = hash & mask_;
  while (entries_[hole].slot != slot) {
    if (entries_[hole].slot == kFree) return;
    hole = (hole + 1) & mask_;
  }
  // Close the gap: move back every following entry that may stand at the hole. No tombstones, so
  // that probe lengths depend only on what is in the table.
  for (std::uint32_t at = (hole + 1) & mask_; entries_[at].slot != kFree; at = (at + 1) & mask_) {
    const std::uint32_t from_home = (at - (entries_[at].hash & mask_)) & mask_;
    const std::uint32_t from_hole = (at - hole) & mask_;
    if (from_home < from_hole) continue;
    entries_[hole] = entries_[at];
    hole = at;
  }
  entries_[hole] = Entry{};
  --count_;
}

void KeyMap::grow() {
  const std::size_t size = entries_.empty() ? 1024 : entries_.size() * 2;
  const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(size));
  mask_ = static_cast<std::uint32_t>(size - 1);
  for (const Entry& entry : old)
    if (entry.slot != kFree) place(entry);
}

}  // namespace steelyard::router
