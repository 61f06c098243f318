#pragma once
// The merge table of a byte-pair vocabulary, and which short pieces are one token. Immutable: all
// workers share one. Built from packed data in some milliseconds; at most 16 MB, with the counts of
// pieces that were met. The large tables are of std::pmr's default memory, which a program may have
// in huge pages.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "config/types/result.h"
#include "router/tokens/piece_cache.h"
#include "router/tokens/piece_key.h"
#include "router/tokens/piece_pattern.h"
#include "router/tokens/sentence_rules.h"

namespace steelyard::router {

// The number of a token is its rank: the lower, the earlier it merges.
using Token = std::uint32_t;
inline constexpr Token no_token = 0xFFFFFFFF;

class Vocabulary {
 public:
  Vocabulary() = default;
  ~Vocabulary() { delete met_.load(std::memory_order_acquire); }
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  // `packed` as scripts/make_vocabulary.py and `steelyard tokens import` write it. An Error says
  // what is wrong with data that is not that.
  static Result<std::shared_ptr<const Vocabulary>> unpack(std::span<const unsigned char> packed);

  const std::string& name() const { return name_; }  // "o200k_base"
  PatternId pattern() const { return pattern_; }
  bool normalises() const { return normalises_; }  // text is taken in normalisation form C

  Token of_byte(unsigned char byte) const { return byte_token_[byte]; }
  // What two neighbours merge into, or no_token.
  Token merge_bytes(unsigned char left, unsigned char right) const {
    return byte_pairs_[left * 256U + right];
  }
  Token merge(Token left, Token right) const {
    const std::uint64_t pair = std::uint64_t{left} << token_bits | right;
    const std::uint64_t hash = pair * 0x9E3779B97F4A7C15;
    // Most neighbours do not merge: a bit that fits the nearer cache says so.
    if ((filter_[hash >> (64 - filter_bits) >> 6] >> (hash >> (64 - filter_bits) & 63) & 1) == 0)
      return no_token;
    for (std::size_t at = hash >> 32 & pair_mask_;; at = (at + 1) & pair_mask_) {
      const std::uint64_t entry = pairs_[at];
      if (entry >> token_bits == pair) return static_cast<Token>(entry & token_mask);
      if (entry == no_pair) return no_token;
    }
  }

  // The token that a character merges into whatever stands beside it, or no_token. `code` is at
  // most 0xFFFF; `before` and `behind` are the bytes beside it, 0 at the piece's ends.
  Token of_char(std::uint32_t code, unsigned char before, unsigned char first, unsigned char last,
                unsigned char behind) const {
    return crossed(before, first) || crossed(last, behind) ? no_token : char_token_[code];
  }

  // Whether the piece is one token. Its key stands in the line that its hash says, as it is (counts
  // are 0), or in one behind when that is full.
  std::uint32_t home_of(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(hash >> line_shift_);
  }
  unsigned line_shift() const { return line_shift_; }  // what home_of shifts by
  const PieceLine* lines() const { return lines_.data(); }
  // Some of the pieces with this hash may stand in the next line.
  bool overflows(std::uint64_t hash) const { return !lines_[home_of(hash)].slot[3].empty(); }
  bool holds(const PieceKey& key, std::uint64_t hash) const {
    for (std::size_t at = home_of(hash);; at = (at + 1) & (lines_.size() - 1)) {
      const PieceLine& line = lines_[at];
      if (line.find(key) != nullptr) return true;
      if (line.slot[3].empty()) return false;
    }
  }
  bool holds_long(std::string_view piece) const {
    return !whole_long_.empty() && whole_long_.contains(std::string(piece));
  }

  // Of a SentencePiece vocabulary, whose characters are tokens, not its bytes; null: another kind.
  const SentenceRules* sentence() const { return sentence_.get(); }
  // The token that a character is, or no_token. Only with sentence().
  Token of_code(std::uint32_t code) const {
    return code < char_token_.size() ? char_token_[code] : sentence_->token_of(code);
  }

  // What was met so far, by anybody who counts with this vocabulary. Made when first asked for,
  // with that call's seed.
  PieceCache& met_pieces(std::uint64_t seed) const;
  // Another number for each vocabulary of this process, below 2^31: for a CountMemo.
  unsigned number() const { return number_; }

  std::size_t size() const { return token_count_; }
  std::size_t bytes() const;  // of memory

 private:
  static constexpr unsigned token_bits = 18;
  static constexpr std::uint64_t token_mask = (1U << token_bits) - 1;
  static constexpr std::uint64_t no_pair = ~std::uint64_t{0};
  static constexpr unsigned filter_bits = 21;
  friend class VocabularyBuilder;

  // Some token goes across this boundary of two characters and ends inside one of them.
  bool crossed(unsigned char left, unsigned char right) const {
    return (crossed_[left * 4U + (right >> 6)] >> (right & 63) & 1) != 0;
  }

  std::string name_;
  PatternId pattern_ = PatternId::o200k;
  bool normalises_ = false;
  std::size_t token_count_ = 0;
  unsigned line_shift_ = 0;
  std::size_t pair_mask_ = 0;
  std::array<Token, 256> byte_token_{};
  std::array<std::uint64_t, 1024> crossed_{};
  std::vector<Token> byte_pairs_;          // 256 x 256
  std::vector<Token> char_token_;          // by code point below 0x10000
  std::vector<std::uint64_t> filter_;      // of pairs that merge
  std::pmr::vector<std::uint64_t> pairs_;  // left, right, merged: 18 bits each; open addressing
  std::pmr::vector<PieceLine> lines_;      // pieces of one token, up to 15 bytes; open addressing
  std::unordered_set<std::string> whole_long_;
  std::unique_ptr<SentenceRules> sentence_;
  unsigned number_ = 0;
  mutable std::atomic<PieceCache*> met_{nullptr};
};

}  // namespace steelyard::router
