#pragma once
// A perfect hash over a fixed set of field names, found by the compiler: two multiplications and a
// few comparisons of words tell which known field a name is, if any.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/net/head_reader_bytes.h"

namespace steelyard::net {

template <std::size_t Count>
class NameTable {
 public:
  static constexpr std::size_t none = Count;

  // `names`: lower-case letters, digits and '-', 4 to 48 bytes each, all different. Does not
  // compile if no seed is found.
  consteval explicit NameTable(const std::array<std::string_view, Count>& names) {
    for (std::size_t i = 0; i < Count; ++i) {
      const Words key = words(names[i].data(), names[i].size());
      entries_[i] = {key.first, key.last, names[i].data(), names[i].size()};
    }
    for (seed_ = 0x9e3779b97f4a7c15u; !try_seed(); seed_ += 0xd1b54a32d192ed02u) {
    }
  }

  // Index of `name` (a valid token) without regard to case, or `none`.
  [[gnu::always_inline]] std::size_t find(const char* name, std::size_t bytes) const {
    if (bytes < 4) [[unlikely]]
      return none;
    const Words key = words(name, bytes);
    const std::size_t index = slots_[slot(key, bytes)];
    const Entry& entry = entries_[index];
    if (key.first != entry.first || key.last != entry.last || bytes != entry.bytes) return none;
    return bytes <= 16 || bytes::same_name(name, entry.name, bytes) ? index : none;
  }
  std::size_t find(std::string_view name) const { return find(name.data(), name.size()); }

 private:
  static constexpr std::size_t slot_count = 256;
  static constexpr std::uint64_t fold = 0x2020202020202020u;

  // Eight folded bytes from either end (they overlap in short names), and eight from the middle of
  // long ones.
  struct Words {
    std::uint64_t first = 0, middle = 0, last = 0;
  };
  struct Entry {
    std::uint64_t first = 0, last = 0;
    const char* name = nullptr;
    std::size_t bytes = 0;
  };

  static constexpr Words words(const char* name, std::size_t bytes) {
    if (bytes >= 8) {
      const std::uint64_t middle =
          bytes > 16 ? bytes::load_word(name + bytes / 2 - 4, 8) | fold : 0;
      return {bytes::load_word(name, 8) | fold, middle,
              bytes::load_word(name + bytes - 8, 8) | fold};
    }
    return {bytes::load_word(name, 4) | fold, 0, bytes::load_word(name + bytes - 4, 4) | fold};
  }
  constexpr std::size_t slot(const Words& key, std::size_t bytes) const {
    const std::uint64_t mixed = (key.first ^ key.middle) + (key.last << 5 | key.last >> 59) + bytes;
    return (mixed * seed_) >> 56;
  }

  consteval bool try_seed() {
    slots_.fill(none);
    for (std::size_t i = 0; i < Count; ++i) {
      std::uint8_t& place =
          slots_[slot(words(entries_[i].name, entries_[i].bytes), entries_[i].bytes)];
      if (place != none) return false;
      place = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<Entry, Count + 1> entries_{};  // the last one is `none` and matches nothing
  std::array<std::uint8_t, slot_count> slots_{};
  std::uint64_t seed_ = 0;
};

}  // namespace steelyard::net
