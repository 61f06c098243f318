#include "router/tokens/piece_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace steelyard::router {
namespace {

constexpr std::uint64_t hash_bits = (std::uint64_t{1} << 48) - 1;

}  // namespace

PieceCache::PieceCache(std::uint64_t seed) : seed_(seed), short_lines_(lines), long_lines_(lines) {}

void PieceCache::clear() {
  short_lines_.assign(lines, PieceLine{});
  long_lines_.assign(lines, LongLine{});
}

void PieceCache::put(PieceKey key, std::uint64_t hash, std::uint32_t count) {
  key.set_count(count);
  PieceLine& line = short_lines_[short_index(hash)];
  for (PieceKey& slot : line.slot) {
    if (!slot.empty()) continue;
    slot = key;
    return;
  }
  line.slot[next_victim_++ & 3] = key;
}

PieceCache::LongKey PieceCache::key_of(std::span<const unsigned char> piece) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(piece.data(), piece.size(), seed_);
  return {hash.low64, hash.high64 & hash_bits};
}

std::uint32_t PieceCache::find(const LongKey& key) const {
  for (const LongKey& slot : long_lines_[key.low & (lines - 1)].slot) {
    const bool same = ((slot.low ^ key.low) | ((slot.high ^ key.high) & hash_bits)) == 0;
    if (same) return static_cast<std::uint32_t>(slot.high >> 48);  // 0 in an empty slot
  }
  return 0;
}

void PieceCache::put(const LongKey& key, std::uint32_t count) {
  const LongKey entry{key.low, key.high | std::uint64_t{count} << 48};
  LongLine& line = long_lines_[key.low & (lines - 1)];
  for (LongKey& slot : line.slot) {
    if (slot.high >> 48 != 0) continue;
    slot = entry;
    return;
  }
  line.slot[next_victim_++ & 3] = entry;
}

}  // namespace steelyard::router
