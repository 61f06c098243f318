#pragma once
// Byte-pair encoding of one piece: neighbours that merge into the lowest-ranked token do so first,
// the leftmost of equals, until none merge. Counts the tokens that are left.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/tokens/vocabulary.h"

namespace steelyard::router {

class Merger {
 public:
  // `window`: bytes encoded at a time in long pieces; tests make it small.
  explicit Merger(const Vocabulary& vocabulary, std::size_t window = 512);

  // Tokens of a piece of at least one byte. O(n) for long pieces; what they took of memory is
  // given back.
  std::int64_t count(std::span<const unsigned char> piece);

  std::size_t bytes() const;                            // of memory, beside its own size
  std::uint64_t restarts() const { return restarts_; }  // windows that had to be widened; for tests

 private:
  static constexpr std::size_t few = 56;  // up to here a scan for the lowest rank beats a heap
  static constexpr std::size_t few_bytes = 3 * few;
  static constexpr std::uint32_t nowhere = 0xFFFFFFFF;

  struct Part {
    Token token;
    Token merged;  // with the part behind; no_token if they do not merge
    std::uint32_t before;
    std::uint32_t behind;
  };
  struct Start {
    std::size_t at;
    Token token;
  };

  std::size_t seed(std::span<const unsigned char> piece, Token* token) const;
  std::size_t seed_chars(std::span<const unsigned char> piece, Token* token) const;
  std::int64_t count_few(std::span<const unsigned char> piece, std::span<Token> token) const;
  bool count_in_windows(std::span<const unsigned char> piece, std::size_t window,
                        std::int64_t& total);
  void encode(std::span<const unsigned char> text, std::size_t offset);
  void encode_flat(std::span<const unsigned char> text, std::size_t offset);
  void split(std::span<const unsigned char> text);
  void split_chars(std::span<const unsigned char> text);
  void merge_at(std::uint32_t at);
  void offer(std::uint32_t at);

  const Vocabulary& vocabulary_;
  std::size_t window_;
  std::uint64_t restarts_ = 0;
  static constexpr std::size_t flat_most = 512;
  struct Flat {
    static constexpr unsigned place_bits = 9;
    alignas(16) std::array<std::uint32_t, flat_most> rank;  // merged token, then its place
    alignas(16) std::array<std::uint32_t, flat_most / 8> group;
    std::array<Token, flat_most> token;
    std::array<std::uint16_t, flat_most> before, behind;
  };
  Flat flat_;
  std::vector<Part> parts_;          // by offset of their first byte in the window
  std::vector<std::uint64_t> heap_;  // rank << 32 | index of the left part; stale ones are skipped
  std::vector<Start> tokens_;        // of the window encoded last
};

}  // namespace steelyard::router
