#pragma once
// A piece of at most 15 bytes as a 16-byte key: its bytes, zero-padded, and its length in the last
// byte, so that "a" and "a\0" differ. The upper half of the last byte is free: tables keep the
// count there, which for so short a piece is at most 15.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace steelyard::router {

struct PieceKey {
  static constexpr std::size_t longest = 15;
  static constexpr std::uint64_t count_bits = 0xF000000000000000;

  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool same_piece(const PieceKey& other) const {
    return ((low ^ other.low) | ((high ^ other.high) & ~count_bits)) == 0;
  }
  bool empty() const { return high == 0; }  // of a table's slot
  std::uint32_t count() const { return static_cast<std::uint32_t>(high >> 60); }
  void set_count(std::uint64_t count) { high = (high & ~count_bits) | count << 60; }
};

namespace piece_key_detail {
constexpr std::array<PieceKey, 16> make_masks() {
  std::array<PieceKey, 16> masks{};
  for (unsigned size = 0; size < 16; ++size) {
    const unsigned low = size < 8 ? size : 8;
    const unsigned high = size - low;
    masks[size].low = low == 8 ? ~0ULL : (1ULL << 8 * low) - 1;
    masks[size].high = (1ULL << 8 * high) - 1;
  }
  return masks;
}
inline constexpr std::array<PieceKey, 16> masks = make_masks();
}  // namespace piece_key_detail

// 16 bytes must be readable at `piece`; size is 1..15.
inline PieceKey load_key(const unsigned char* piece, std::size_t size) {
  PieceKey key;
  std::memcpy(&key.low, piece, 8);
  std::memcpy(&key.high, piece + 8, 8);
  const PieceKey& mask = piece_key_detail::masks[size];
  key.low &= mask.low;
  key.high = (key.high & mask.high) | static_cast<std::uint64_t>(size) << 56;
  return key;
}

// Only `size` bytes need be readable.
inline PieceKey load_key_exactly(const unsigned char* piece, std::size_t size) {
  std::array<unsigned char, 16> copy{};
  std::memcpy(copy.data(), piece, size);
  return load_key(copy.data(), size);
}

__extension__ typedef unsigned __int128 WideProduct;

// Count bits must be clear. A 64 x 64 bit product folded in half: one multiplication, all bits
// mixed.
inline std::uint64_t hash_of(const PieceKey& key) {
  const auto product =
      static_cast<WideProduct>(key.low ^ 0x9E3779B97F4A7C15) * (key.high ^ 0xD6E8FEB86659FD93);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Four slots, one cache line.
struct alignas(64) PieceLine {
  std::array<PieceKey, 4> slot;

  // The slot of `key`, or null.
  const PieceKey* find(const PieceKey& key) const {
    for (const PieceKey& candidate : slot) {
      if (candidate.same_piece(key)) return &candidate;
    }
    return nullptr;
  }
};

}  // namespace steelyard::router
