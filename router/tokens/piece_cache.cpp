#include "router/tokens/piece_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace steelyard::router {

PieceCache::PieceCache(std::uint64_t seed) : seed_(seed), lines_(lines) {}

void PieceCache::clear() {
  for (Line& line : lines_) {
    for (Slot& slot : line.slot) {
      slot.high.store(0, relaxed);
      slot.mixed.store(0, relaxed);
    }
  }
}

void PieceCache::put(PieceKey key, std::uint64_t hash, std::uint32_t count) {
  key.set_count(count);
  put_at(index_of(hash), key.low, key.high);
}

PieceCache::LongKey PieceCache::key_of(std::span<const unsigned char> piece) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(piece.data(), piece.size(), seed_);
  return {hash.low64, hash.high64 & hash_mask};
}

void PieceCache::put(const LongKey& key, std::uint32_t count) {
  put_at(index_of(key.low), key.low, key.high | std::uint64_t{count} << 44 | long_mark);
}

void PieceCache::put_at(std::size_t at, std::uint64_t low, std::uint64_t high) {
  const std::uint64_t mixed = low ^ mix(high);
  Slot* into = nullptr;
  for (const std::size_t line : {at, at ^ 1}) {
    for (Slot& slot : lines_[line].slot) {
      if (slot.high.load(relaxed) != 0) continue;
      into = &slot;
      break;
    }
    if (into != nullptr) break;
  }
  if (into == nullptr) {
    const std::uint64_t any = mixed >> 61;
    into = &lines_[at ^ (any >> 2)].slot[any & 3];
  }
  into->mixed.store(mixed, relaxed);
  into->high.store(high, relaxed);
}

}  // namespace steelyard::router
