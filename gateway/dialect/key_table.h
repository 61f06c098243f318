#pragma once
// Which of a fixed set of names is this? A perfect hash found by the compiler over the first and
// last eight bytes: a look-up is two loads, a multiplication and a compare, without a call.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace steelyard::dialect {

// The bytes of a short text as two words; with the size they tell apart all texts of up to 16
// bytes. Never reads past the text.
struct KeyWords {
  std::uint64_t a = 0, b = 0;

  static constexpr std::uint64_t byte(char c) { return static_cast<unsigned char>(c); }
  template <class Word>
  static constexpr Word load(const char* p) {
    Word word = 0;
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
      for (std::size_t i = 0; i < sizeof word; ++i)
        word |= static_cast<Word>(byte(p[i]) << (8 * i));
    } else {
      std::memcpy(&word, p, sizeof word);
    }
    return word;
  }

  constexpr explicit KeyWords(std::string_view text) {
    const std::size_t n = text.size();
    if (n >= 8) {
      a = load<std::uint64_t>(text.data());
      b = load<std::uint64_t>(text.data() + n - 8);
    } else if (n >= 4) {
      a = load<std::uint32_t>(text.data());
      b = load<std::uint32_t>(text.data() + n - 4);
    } else if (n > 0) {
      a = byte(text[0]) | byte(text[n / 2]) << 8 | byte(text[n - 1]) << 16;
    }
  }
  constexpr bool operator==(const KeyWords&) const = default;
};

template <std::size_t N>
class KeyTable {
 public:
  consteval explicit KeyTable(const std::array<std::string_view, N>& names) : names_(names) {
    for (std::size_t i = 0; i < N; ++i) {
      entries_[i] = {KeyWords(names[i]), names[i].size()};
    }
    for (int tries = 0; !fill(); ++tries) {
      if (tries > 20'000) throw "no perfect hash found: two names are equal";
      seed_ = seed_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    }
  }
  // Index of `key` in the names given, or -1.
  constexpr int find(std::string_view key) const {
    const KeyWords words(key);
    const std::size_t i = slots_[hash(words)];
    const Entry& entry = entries_[i];
    if (entry.size != key.size() || !(entry.words == words)) return -1;
    if (key.size() > 16 && names_[i] != key) return -1;
    return static_cast<int>(i);
  }
  constexpr std::string_view name(std::size_t i) const { return names_[i]; }
  static constexpr std::size_t size() { return N; }

 private:
  struct Entry {
    KeyWords words{std::string_view()};
    std::size_t size = 0;  // an empty slot leads to entry 0, whose size or words then differ
  };
  static_assert(N > 0 && N <= 64);
  static constexpr int hash_bits = N <= 16 ? 6 : 8;

  constexpr std::size_t hash(const KeyWords& words) const {
    return static_cast<std::size_t>(((words.a ^ words.b << 3) * (seed_ | 1u)) >> (64 - hash_bits));
  }
  consteval bool fill() {
    slots_.fill(0);
    std::array<bool, 1u << hash_bits> taken{};
    for (std::size_t i = 0; i < N; ++i) {
      const std::size_t at = hash(entries_[i].words);
      if (taken[at]) return false;
      taken[at] = true;
      slots_[at] = static_cast<std::uint8_t>(i);
    }
    return true;
  }
  std::array<std::string_view, N> names_;
  std::array<Entry, N> entries_;
  std::array<std::uint8_t, 1u << hash_bits> slots_{};
  std::uint64_t seed_ = 0x9E3779B97F4A7C15u;
};

template <std::size_t N>
KeyTable(const std::array<std::string_view, N>&) -> KeyTable<N>;

// KeyTable(key_names("a", "b")).
template <class... Names>
consteval auto key_names(Names... names) {
  return std::array<std::string_view, sizeof...(names)>{std::string_view(names)...};
}

}  // namespace steelyard::dialect
