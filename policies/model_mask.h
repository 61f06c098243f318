#pragma once
// A set of catalogue models as a fixed bit set: a plain value, combined with `&` and walked without
// allocation. Bit i is GatewaySpec::models[i], everywhere.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace steelyard::policies {

// More models than this is a configuration error, reported by policies::compile.
inline constexpr std::size_t models_max = 1024;

class ModelMask {
 public:
  static constexpr ModelMask all() {
    ModelMask mask;
    mask.words_.fill(~std::uint64_t{0});
    return mask;
  }
  static constexpr ModelMask only(std::size_t model) {
    ModelMask mask;
    mask.set(model);
    return mask;
  }

  // `model` must be below models_max.
  constexpr void set(std::size_t model) { words_[model / 64] |= std::uint64_t{1} << (model % 64); }
  constexpr void reset(std::size_t model) {
    words_[model / 64] &= ~(std::uint64_t{1} << (model % 64));
  }
  constexpr bool test(std::size_t model) const {
    return (words_[model / 64] >> (model % 64) & 1) != 0;
  }

  constexpr ModelMask& operator&=(const ModelMask& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  constexpr ModelMask& operator|=(const ModelMask& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  constexpr ModelMask& remove(const ModelMask& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
    return *this;
  }
  friend constexpr ModelMask operator&(ModelMask a, const ModelMask& b) { return a &= b; }
  friend constexpr bool operator==(const ModelMask&, const ModelMask&) = default;

  constexpr bool empty() const {
    for (const std::uint64_t word : words_)
      if (word != 0) return false;
    return true;
  }
  constexpr std::size_t count() const {
    std::size_t n = 0;
    for (const std::uint64_t word : words_) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }

  // Calls visit(model) for every member, ascending.
  template <class Visit>
  constexpr void for_each(Visit visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        visit(i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
  }

 private:
  std::array<std::uint64_t, models_max / 64> words_{};
};

}  // namespace steelyard::policies
