#pragma once
// Counts of pieces that are not one token of up to 15 bytes, as they were met: bounded, made once
// for each vocabulary, one for all threads. A full line has the room of its neighbour, too; where
// both are full, some slot is given up.
//
// Without a lock: a slot is two words, and the first is mixed with the second. Who reads one word
// of an entry and one of another finds no piece that there is (but for a chance of 2^-64), and
// counts again.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
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

  std::size_t bytes() const { return lines_.size() * sizeof(Line); }

 private:
  static constexpr std::uint64_t hash_mask = (std::uint64_t{1} << 44) - 1;
  static constexpr std::uint64_t count_mask = std::uint64_t{0xFFF} << 44;
  static constexpr std::uint64_t long_mark = std::uint64_t{0xF0} << 56;
  static constexpr unsigned index_bits = 15;
  static constexpr std::size_t lines = std::size_t{1} << index_bits;  // of 64 bytes: 2 MB
  static constexpr auto relaxed = std::memory_order_relaxed;
  static std::size_t index_of(std::uint64_t hash) { return hash >> (64 - index_bits); }

  struct Slot {
    std::atomic<std::uint64_t> mixed{0};  // the key's low word, and mix(high)
    std::atomic<std::uint64_t> high{0};   // of the key, with the count; 0: empty
  };
  struct alignas(64) Line {
    std::array<Slot, 4> slot;
  };
  static std::uint64_t mix(std::uint64_t high) { return high * 0x9E3779B97F4A7C15; }

  template <class Key>
  std::uint32_t look(const Key& key, std::uint64_t hash) const {
    const std::size_t at = index_of(hash);
    const std::uint32_t found = count_in(lines_[at], key);
    if (found != 0 || lines_[at].slot[3].high.load(relaxed) == 0) [[likely]]
      return found;
    return count_in(lines_[at ^ 1], key);
  }
  // All four slots are looked at, since where a piece stands cannot be predicted. The last word of
  // the slot with this piece, or 0; `about` are its bits that are not the piece's.
  static std::uint64_t find_in(const Line& line, std::uint64_t low, std::uint64_t high,
                               std::uint64_t about) {
    std::uint64_t found = 0;
    for (const Slot& slot : line.slot) {
      const std::uint64_t there = slot.high.load(relaxed);
      const std::uint64_t other = slot.mixed.load(relaxed) ^ mix(there) ^ low;
      found |= (other | ((there ^ high) & ~about)) == 0 ? there : 0;
    }
    return found;
  }
  static std::uint32_t count_in(const Line& line, const PieceKey& key) {
    return static_cast<std::uint32_t>(find_in(line, key.low, key.high, PieceKey::count_bits) >> 60);
  }
  static std::uint32_t count_in(const Line& line, const LongKey& key) {
    const std::uint64_t found = find_in(line, key.low, key.high | long_mark, count_mask);
    return static_cast<std::uint32_t>((found & count_mask) >> 44);
  }
  void put_at(std::size_t at, std::uint64_t low, std::uint64_t high);

  std::uint64_t seed_;
  std::pmr::vector<Line> lines_;
};

}  // namespace steelyard::router
