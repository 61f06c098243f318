#pragma once
// The merge table of a byte-pair vocabulary, and which short pieces are one token. Immutable: all
// workers share one. Built from the linked data in some milliseconds; about 12 MB.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "router/tokens/piece_key.h"

namespace steelyard::router {

// The number of a token is its rank: the lower, the earlier it merges.
using Token = std::uint32_t;
inline constexpr Token no_token = 0xFFFFFFFF;

class Vocabulary {
 public:
  // `packed` as scripts/make_vocabulary.py writes it. Null when it is damaged.
  static std::shared_ptr<const Vocabulary> unpack(std::span<const unsigned char> packed);

  Token of_byte(unsigned char byte) const { return byte_token_[byte]; }
  // What two neighbours merge into, or no_token.
  Token merge_bytes(unsigned char left, unsigned char right) const {
    return byte_pairs_[left * 256U + right];
  }
  Token merge(Token left, Token right) const {
    const std::uint64_t pair = std::uint64_t{left} << token_bits | right;
    for (std::size_t at = pair_home(pair);; at = (at + 1) & pair_mask) {
      const std::uint64_t entry = pairs_[at];
      if (entry >> token_bits == pair) return static_cast<Token>(entry & token_mask);
      if (entry == no_pair) return no_token;
    }
  }

  // Whether the piece is one token.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&lines_[hash & line_mask]); }
  bool holds(const PieceKey& key, std::uint64_t hash) const {
    for (std::size_t at = hash & line_mask;; at = (at + 1) & line_mask) {
      const PieceLine& line = lines_[at];
      if (line.find(key) != nullptr) return true;
      if (line.slot[3].empty()) return false;
    }
  }

  std::size_t size() const { return token_count_; }
  std::size_t bytes() const;  // of memory

 private:
  static constexpr unsigned token_bits = 18;
  static constexpr std::uint64_t token_mask = (1U << token_bits) - 1;
  static constexpr std::size_t line_mask = (1U << 17) - 1;
  static constexpr std::size_t pair_mask = (1U << 19) - 1;
  static constexpr std::uint64_t no_pair = ~std::uint64_t{0};

  static std::size_t pair_home(std::uint64_t pair) {
    return pair * 0x9E3779B97F4A7C15 >> 40 & pair_mask;
  }
  bool build(std::span<const unsigned char> planes, std::size_t tokens);
  bool add_token(Token token, Token left, Token right, std::vector<PieceKey>& text);
  void add_pair(std::uint64_t pair, Token merged);
  void add_piece(const PieceKey& key);

  std::size_t token_count_ = 0;
  std::array<Token, 256> byte_token_{};
  std::vector<Token> byte_pairs_;     // 256 x 256
  std::vector<std::uint64_t> pairs_;  // left, right, merged: 18 bits each; open addressing
  std::vector<PieceLine> lines_;      // pieces of one token, up to 15 bytes; open addressing
};

}  // namespace steelyard::router
