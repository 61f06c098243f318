#pragma once
// Counts of pieces that are not one token of up to 15 bytes, as they were met: bounded, made once,
// one per worker. A full line has the room of its neighbour, too; where both are full, slots are
// given up in turn.
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

  // Short pieces compare byte for byte; `hash` is hash_of(key). 0: not known.
  std::uint32_t find(const PieceKey& key, std::uint64_t hash) const { return look(key, hash); }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&lines_[index_of(hash)]); }
  void put(PieceKey key, std::uint64_t hash, std::uint32_t count);

  // Pieces of 16 to `longest` bytes are known by 108 bits of a keyed hash. They stand in the same
  // lines: their length, as a short key has it, is 0.
  struct LongKey {
    std::uint64_t low = 0;
    std::uint64_t high = 0;  // low 44 bits; a slot has the count in the 12 above, then 0xF0
  };
  LongKey key_of(std::span<const unsigned char> piece) const;
  std::uint32_t find(const LongKey& key) const { return look(key, key.low); }
  void put(const LongKey& key, std::uint32_t count);

 private:
  static constexpr std::uint64_t hash_mask = (std::uint64_t{1} << 44) - 1;
  static constexpr std::uint64_t count_mask = std::uint64_t{0xFFF} << 44;
  static constexpr std::uint64_t long_mark = std::uint64_t{0xF0} << 56;
  static constexpr unsigned index_bits = 15;
  static constexpr std::size_t lines = std::size_t{1} << index_bits;  // of 64 bytes: 2 MB
  static std::size_t index_of(std::uint64_t hash) { return hash >> (64 - index_bits); }

  template <class Key>
  std::uint32_t look(const Key& key, std::uint64_t hash) const {
    const std::size_t at = index_of(hash);
    const std::uint32_t found = count_in(lines_[at], key);
    if (found != 0 || lines_[at].slot[3].empty()) [[likely]]
      return found;
    return count_in(lines_[at ^ 1], key);
  }
  // All four slots are looked at, since where a piece stands cannot be predicted.
  static std::uint32_t count_in(const PieceLine& line, const PieceKey& key) {
    std::uint64_t counts = 0;
    for (const PieceKey& slot : line.slot) counts |= slot.same_piece(key) ? slot.high : 0;
    return static_cast<std::uint32_t>(counts >> 60);
  }
  static std::uint32_t count_in(const PieceLine& line, const LongKey& key) {
    std::uint64_t counts = 0;
    for (const PieceKey& slot : line.slot) {
      const bool same =
          ((slot.low ^ key.low) | ((slot.high ^ (key.high | long_mark)) & ~count_mask)) == 0;
      counts |= same ? slot.high & count_mask : 0;
    }
    return static_cast<std::uint32_t>(counts >> 44);
  }
  void put_at(std::size_t at, const PieceKey& entry);

  std::uint64_t seed_;
  unsigned next_victim_ = 0;
  std::vector<PieceLine> lines_;
};

}  // namespace steelyard::router
