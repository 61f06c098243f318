#pragma once
// Counts of pieces that are not one token of up to 15 bytes, as they were met: bounded, made once,
// one per worker. A full line gives up its slots in turn.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/tokens/piece_key.h"

namespace steelyard::router {

class PieceCache {
 public:
  // Pieces above this many bytes are not kept.
  static constexpr std::size_t longest = 1024;

  explicit PieceCache(std::uint64_t seed);
  void clear();

  // Short pieces compare byte for byte. 0: not known. `hash` is hash_of(key).
  std::uint32_t find(const PieceKey& key, std::uint64_t hash) const {
    const PieceKey* found = short_lines_[short_index(hash)].find(key);
    return found == nullptr ? 0 : found->count();
  }
  void put(PieceKey key, std::uint64_t hash, std::uint32_t count);

  // Pieces of 16 to `longest` bytes are known by 112 bits of a keyed hash.
  struct LongKey {
    std::uint64_t low = 0;
    std::uint64_t high = 0;  // low 48 bits; a slot has the count above them
  };
  LongKey key_of(std::span<const unsigned char> piece) const;
  std::uint32_t find(const LongKey& key) const;
  void put(const LongKey& key, std::uint32_t count);

 private:
  struct alignas(64) LongLine {
    std::array<LongKey, 4> slot;
  };
  static constexpr std::size_t lines = 8192;  // of 64 bytes, of each kind: 1 MB together
  static std::size_t short_index(std::uint64_t hash) { return hash >> 40 & (lines - 1); }

  std::uint64_t seed_;
  unsigned next_victim_ = 0;
  std::vector<PieceLine> short_lines_;
  std::vector<LongLine> long_lines_;
};

}  // namespace steelyard::router
