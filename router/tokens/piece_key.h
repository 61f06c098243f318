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
struct Shape {
  std::uint64_t low = 0;  // the bytes that are the piece's
  std::uint64_t high = 0;
  std::uint64_t tag = 0;  // what stands in the last byte
  std::uint64_t unused = 0;
};
constexpr std::array<Shape, PieceKey::longest + 2> make_shapes() {
  std::array<Shape, PieceKey::longest + 2> shapes{};
  for (unsigned size = 0; size <= PieceKey::longest; ++size) {
    const unsigned low = size < 8 ? size : 8;
    shapes[size].low = low == 8 ? ~0ULL : (1ULL << 8 * low) - 1;
    shapes[size].high = (1ULL << 8 * (size - low)) - 1;
    shapes[size].tag = std::uint64_t{size} << 56;
  }
  shapes.back().tag = ~std::uint64_t{0};
  return shapes;
}
alignas(64) inline constexpr std::array<Shape, PieceKey::longest + 2> shapes = make_shapes();
}  // namespace piece_key_detail

// 16 bytes must be readable at `piece`; size is at least 1. Of a piece above 15 bytes: the one key
// that stands for all of those and is in no table. Without a branch, which sizes would mislead.
inline PieceKey load_key(const unsigned char* piece, std::size_t size) {
  const std::size_t most = PieceKey::longest + 1;
  const piece_key_detail::Shape& shape = piece_key_detail::shapes[size < most ? size : most];
  PieceKey key;
  std::memcpy(&key.low, piece, 8);
  std::memcpy(&key.high, piece + 8, 8);
  key.low &= shape.low;
  key.high = (key.high & shape.high) | shape.tag;
  return key;
}

// As load_key, where only `size` bytes need be readable.
inline PieceKey load_key_exactly(const unsigned char* piece, std::size_t size) {
  std::array<unsigned char, 16> copy{};
  std::memcpy(copy.data(), piece, size < copy.size() ? size : copy.size());
  return load_key(copy.data(), size);
}

inline constexpr std::uint64_t hash_high = 0xD6E8FEB86659FD93;
inline constexpr std::uint64_t hash_all = 0x9E3779B97F4A7C15;

// Count bits must be clear. Only its high bits are mixed well: tables take their index from there.
inline std::uint64_t hash_of(const PieceKey& key) {
  return (key.low ^ key.high * hash_high) * hash_all;
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
