#pragma once
// What a SentencePiece vocabulary (byte-pair merges over characters, Gemma's kind) has beside its
// merges: no pattern cuts text into pieces. A text may be cut where no token holds the two
// characters on both sides: no merge ever goes across, so both parts merge as they would together.
// Blanks stand for U+2581, which such a vocabulary writes for them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steelyard::router {

class SentenceRules {
 public:
  static constexpr std::uint32_t blank = 0x2581;
  // In the place of a byte that is a token of its own and merges with nothing.
  static constexpr std::uint32_t barrier = (1U << 18) - 1;

  SentenceRules() : joins_((std::size_t{1} << joins_bits) / 64) {}

  void add_char(std::uint32_t code, std::uint32_t token);  // above 0xFFFF, in any order
  void join(std::uint32_t left, std::uint32_t right);      // some token holds both, side by side
  void add_user_token(std::string text);
  void finish();  // behind the last add

  // The token of a character above 0xFFFF, or `none`.
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  std::uint32_t token_of(std::uint32_t code) const;

  bool joined(std::uint32_t left, std::uint32_t right) const {
    if ((left | right) < 128) return (ascii_[left * 2 + (right >> 6)] >> (right & 63) & 1) != 0;
    const std::uint64_t bit = place_of(left, right);
    return (joins_[bit >> 6] >> (bit & 63) & 1) != 0;
  }

  // Texts that are one token wherever they stand ("\n\n", "<table>"): the length of the longest at
  // the front of `text`; 0: none.
  std::size_t user_token(std::string_view text) const;
  bool may_begin_user_token(unsigned char first) const { return user_first_[first]; }
  std::size_t user_longest() const { return user_longest_; }
  std::size_t bytes() const;  // of memory

 private:
  // Two characters are looked up by a hash: a wrong "yes" only makes a piece longer.
  static constexpr unsigned joins_bits = 20;
  static std::uint64_t place_of(std::uint32_t left, std::uint32_t right) {
    return (std::uint64_t{left} << 32 | right) * 0x9E3779B97F4A7C15 >> (64 - joins_bits);
  }

  std::array<std::uint64_t, 256> ascii_{};  // 128 x 128
  std::vector<std::uint64_t> joins_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> chars_;  // code, token; sorted
  std::vector<std::string> user_;                               // sorted
  std::array<bool, 256> user_first_{};
  std::size_t user_longest_ = 0;
};

}  // namespace steelyard::router
