#pragma once
// Which of a fixed set of names is this? A perfect hash found by the compiler: one table load and
// one compare a look-up.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace steelyard::dialect {

template <std::size_t N>
class KeyTable {
 public:
  consteval explicit KeyTable(const std::array<std::string_view, N>& names) : names_(names) {
    while (!fill()) {
      if (++tries_ > 20'000) throw "no perfect hash found: two names are equal";
      seed_ = seed_ * 1'664'525u + 1'013'904'223u;
    }
  }
  // Index of `key` in the names given, or -1.
  constexpr int find(std::string_view key) const {
    if (key.empty()) return -1;
    const int slot = slots_[hash(key)];
    return slot >= 0 && names_[static_cast<std::size_t>(slot)] == key ? slot : -1;
  }
  constexpr std::string_view name(std::size_t i) const { return names_[i]; }
  static constexpr std::size_t size() { return N; }

 private:
  static_assert(N <= 64);
  static constexpr std::size_t slot_count = N <= 16 ? 64 : 256;

  // Length, first, last and middle byte tell all our names apart.
  constexpr std::size_t hash(std::string_view key) const {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(key[i]); };
    const std::uint32_t mixed =
        static_cast<std::uint32_t>(key.size()) ^ std::uint32_t{byte(0)} << 8 ^
        std::uint32_t{byte(key.size() - 1)} << 16 ^ std::uint32_t{byte(key.size() / 2)} << 24;
    return static_cast<std::size_t>((mixed * (seed_ | 1u)) >> 24) % slot_count;
  }
  consteval bool fill() {
    slots_.fill(-1);
    for (std::size_t i = 0; i < N; ++i) {
      std::int8_t& slot = slots_[hash(names_[i])];
      if (slot >= 0) return false;
      slot = static_cast<std::int8_t>(i);
    }
    return true;
  }
  std::array<std::string_view, N> names_;
  std::array<std::int8_t, slot_count> slots_{};
  std::uint32_t seed_ = 2'654'435'769u;
  std::uint32_t tries_ = 0;
};

template <std::size_t N>
KeyTable(const std::array<std::string_view, N>&) -> KeyTable<N>;

// KeyTable(key_names("a", "b")).
template <class... Names>
consteval auto key_names(Names... names) {
  return std::array<std::string_view, sizeof...(names)>{std::string_view(names)...};
}

}  // namespace steelyard::dialect
