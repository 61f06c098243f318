#include "router/tokens/piece_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace steelyard::router {

PieceCache::PieceCache(std::uint64_t seed) : seed_(seed), lines_(lines) {}

void PieceCache::clear() {
  lines_.assign(lines, PieceLine{});
}

void PieceCache::put(PieceKey key, std::uint64_t hash, std::uint32_t count) {
  key.set_count(count);
  put_at(index_of(hash), key);
}

PieceCache::LongKey PieceCache::key_of(std::span<const unsigned char> piece) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(piece.data(), piece.size(), seed_);
  return {hash.low64, hash.high64 & hash_mask};
}

void PieceCache::put(const LongKey& key, std::uint32_t count) {
  const std::uint64_t high = key.high | std::uint64_t{count} << 44 | long_mark;
  put_at(index_of(key.low), {key.low, high});
}

void PieceCache::put_at(std::size_t at, const PieceKey& entry) {
  for (const std::size_t line : {at, at ^ 1}) {
    for (PieceKey& slot : lines_[line].slot) {
      if (!slot.empty()) continue;
      slot = entry;
      return;
    }
  }
  lines_[at ^ (next_victim_ >> 2 & 1)].slot[next_victim_ & 3] = entry;
  ++next_victim_;
}

}  // namespace steelyard::router
