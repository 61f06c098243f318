#pragma once
// Pieces of JSON that are the same from one request to the next: who asked, which rule decided, who
// answered. Made once, then copied.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace steelyard::telemetry {

// What a piece was made from. Two keys are equal only if the piece is: names are told apart by
// where they stand, which is enough while `generation` (of the configuration that owns them) is the
// same.
struct FragmentKey {
  std::uint64_t generation = 0;  // 0: never remembered
  std::array<std::uint64_t, 3> words{};

  static std::uint64_t word(const char* name) { return std::bit_cast<std::uintptr_t>(name); }
  bool operator==(const FragmentKey& other) const {
    return ((generation ^ other.generation) | (words[0] ^ other.words[0]) |
            (words[1] ^ other.words[1]) | (words[2] ^ other.words[2])) == 0;
  }
};

// Copies in steps of 32 bytes: reads and writes up to 31 more.
inline char* copy_piece(char* out, const char* from, std::size_t size) {
  for (std::size_t i = 0; i < size; i += 32) std::memcpy(out + i, from + i, 32);
  return out + size;
}

// A direct-mapped memory of pieces of at most Bytes bytes. A piece that loses its slot is made
// again.
template <std::size_t Slots, std::size_t Bytes>
class Fragments {
 public:
  // Writes the piece of `key` at `out`, and up to 31 bytes of scribble behind it. `make(char* p)`
  // writes it for the first time and returns one past its end; it may scribble, too.
  template <class Make>
  char* put(char* out, const FragmentKey& key, Make&& make) {
    if (key.generation == 0) return make(out);
    Slot& slot = slots_[index(key)];
    if (!(slot.key == key)) [[unlikely]] {
      slot.size = static_cast<std::uint32_t>(make(slot.text) - slot.text);
      slot.key = key;
    }
    return copy_piece(out, slot.text, slot.size);
  }

 private:
  static_assert(std::has_single_bit(Slots) && Slots > 1);
  struct Slot {
    FragmentKey key;
    std::uint32_t size = 0;
    char text[Bytes + 32];
  };
  static std::size_t index(const FragmentKey& key) {
    const std::uint64_t mixed = key.words[0] ^ key.words[1] * 3 ^ key.words[2] * 5;
    return mixed * 0x9E37'79B9'7F4A'7C15u >> (64 - std::countr_zero(Slots));
  }
  std::array<Slot, Slots> slots_;
};

}  // namespace steelyard::telemetry
