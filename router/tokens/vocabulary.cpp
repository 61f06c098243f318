#include "router/tokens/vocabulary.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "router/tokens/packed_vocabulary.h"
#include "router/tokens/unicode_class.h"
#include "router/tokens/utf8_put.h"

namespace steelyard::router {
namespace {

constexpr std::size_t ahead = 16;  // entries between prefetch and use
constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;

std::size_t length_of(const PieceKey& key) {
  return key.high >> 56;
}

// Both parts together, as a key; length 0 (and only that) when it is longer than a key can be.
PieceKey join(const PieceKey& left, const PieceKey& right) {
  const std::size_t first = length_of(left);
  const std::size_t size = first + length_of(right);
  if (first == 0 || length_of(right) == 0 || size > PieceKey::longest) return {};
  std::array<unsigned char, 32> bytes{};
  std::memcpy(bytes.data(), &left, first);
  std::memcpy(bytes.data() + first, &right, 16);
  return load_key(bytes.data(), size);
}

bool continues(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}
std::size_t size_by_lead(unsigned char lead) {
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

}  // namespace

class VocabularyBuilder {
 public:
  VocabularyBuilder(Vocabulary& out, const PackedVocabulary& from) : out_(out), from_(from) {}

  void build() {
    const std::size_t tokens = from_.left.size();
    out_.name_ = from_.name;
    out_.pattern_ = from_.pattern;
    out_.normalises_ = from_.normalises;
    out_.token_count_ = tokens;
    out_.byte_pairs_.assign(256 * 256, no_token);
    out_.char_token_.assign(65'536, no_token);
    out_.filter_.assign((std::size_t{1} << Vocabulary::filter_bits) / 64, 0);
    out_.pairs_.assign(std::bit_ceil(tokens * 2), Vocabulary::no_pair);
    out_.pair_mask_ = out_.pairs_.size() - 1;
    out_.lines_.assign(std::max<std::size_t>(std::bit_ceil(tokens) / 2, 2), PieceLine{});
    out_.line_shift_ = 64 - static_cast<unsigned>(std::countr_zero(out_.lines_.size()));
    ends_.resize(tokens);
    if (from_.pattern == PatternId::sentencepiece) {
      rules_ = std::make_unique<SentenceRules>();
      edges_.resize(tokens);
    }
    // Characters as first parts are right only where no token ranks below its parts.
    if (!from_.ordered) out_.crossed_.fill(~std::uint64_t{0});
    add_tokens(tokens);
    add_pieces();
    for (const std::string& piece : from_.whole) add_whole(piece);
    if (rules_ == nullptr) return;
    rules_->finish();
    out_.sentence_ = std::move(rules_);
  }

 private:
  // What is known of a token's bytes, however long it is.
  struct Ends {
    unsigned char first = 0;
    std::uint32_t tail = 0;  // the last four bytes, the last one lowest
    std::uint32_t size = 0;
    // It starts or ends inside a character.
    bool partial() const {
      if (continues(first)) return true;
      const std::uint32_t most = std::min<std::uint32_t>(size, 4);
      for (std::uint32_t back = 1; back <= most; ++back) {
        const auto byte = static_cast<unsigned char>(tail >> 8 * (back - 1));
        if (!continues(byte)) return size_by_lead(byte) > back;
      }
      return true;
    }
  };

  void add_tokens(std::size_t tokens) {
    text_.resize(tokens);
    for (std::size_t i = 0; i < tokens; ++i) {
      const Token next = from_.by_length[std::min(i + ahead, tokens - 1)];
      __builtin_prefetch(&out_.pairs_[home_of(from_.left[next], from_.right[next])], 1);
      const Token token = from_.by_length[i];
      if (from_.right[token] == PackedVocabulary::single_byte) {
        if (rules_ != nullptr)
          add_char(token, from_.left[token]);
        else
          add_byte(token, static_cast<unsigned char>(from_.left[token]));
      } else {
        add_merge(token, from_.left[token], from_.right[token]);
      }
    }
  }

  void add_byte(Token token, unsigned char byte) {
    out_.byte_token_[byte] = token;
    text_[token] = load_key_exactly(&byte, 1);
    ends_[token] = {byte, byte, 1};
    if (byte < 0x80) out_.char_token_[byte] = token;
  }

  void add_char(Token token, std::uint32_t code) {
    std::string bytes;
    append_utf8(bytes, code);
    text_[token] =
        load_key_exactly(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    edges_[token] = {code, code};
    if (code < out_.char_token_.size())
      out_.char_token_[code] = token;
    else
      rules_->add_char(code, token);
  }

  void add_merge(Token token, Token left, Token right) {
    add_pair(std::uint64_t{left} << Vocabulary::token_bits | right, token);
    PieceKey& text = text_[token] = join(text_[left], text_[right]);
    if (length_of(text) == 2) out_.byte_pairs_[(text.low & 255) << 8 | text.low >> 8] = token;
    if (rules_ == nullptr) return note_ends(token, left, right);
    rules_->join(edges_[left].last, edges_[right].first);
    edges_[token] = {edges_[left].first, edges_[right].last};
  }

  void note_ends(Token token, Token left, Token right) {
    const Ends& a = ends_[left];
    const Ends& b = ends_[right];
    const std::uint32_t tail = b.size >= 4 ? b.tail : a.tail << 8 * b.size | b.tail;
    ends_[token] = {a.first, tail, a.size + b.size};
    if (ends_[token].partial()) {
      mark_boundaries(token);
    } else {
      note_char(token);
    }
  }

  // Marks the boundaries of characters beside the character that the token has only a part of.
  void mark_boundaries(Token token) {
    const std::string bytes = spell(token);
    const std::size_t size = bytes.size();
    std::size_t at = 0;
    while (at < size && continues(byte_at(bytes, at))) ++at;
    if (at > 0 && at < size) mark(byte_at(bytes, at - 1), byte_at(bytes, at));
    std::size_t last = size;
    while (last > 0 && continues(byte_at(bytes, last - 1))) --last;
    if (last == 0) return;
    --last;
    const bool whole = last + size_by_lead(byte_at(bytes, last)) <= size;
    if (!whole && last > 0) mark(byte_at(bytes, last - 1), byte_at(bytes, last));
  }
  static unsigned char byte_at(const std::string& bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
  }
  void mark(unsigned char left, unsigned char right) {
    out_.crossed_[left * 4U + (right >> 6)] |= std::uint64_t{1} << (right & 63);
  }

  void note_char(Token token) {
    const PieceKey& text = text_[token];
    std::array<unsigned char, 16> bytes;
    std::memcpy(bytes.data(), &text, 16);
    const std::size_t size = length_of(text);
    if (size < 2 || size > 3) return;
    const Decoded found = decode_utf8(bytes.data(), 0, size);
    if (found.valid && found.size == size) out_.char_token_[found.code] = token;
  }

  std::string spell(Token token) const {
    std::string out;
    std::vector<Token> left{token};
    while (!left.empty()) {
      const Token next = left.back();
      left.pop_back();
      if (from_.right[next] == PackedVocabulary::single_byte) {
        out += static_cast<char>(from_.left[next]);
      } else {
        left.push_back(from_.right[next]);
        left.push_back(from_.left[next]);
      }
    }
    return out;
  }

  std::size_t home_of(Token left, Token right) const {
    return (std::uint64_t{left} << Vocabulary::token_bits | right) * golden >> 32 & out_.pair_mask_;
  }

  void add_pair(std::uint64_t pair, Token merged) {
    const std::uint64_t hash = pair * golden;
    const std::uint64_t bit = hash >> (64 - Vocabulary::filter_bits);
    out_.filter_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    std::size_t at = hash >> 32 & out_.pair_mask_;
    while (out_.pairs_[at] != Vocabulary::no_pair) at = (at + 1) & out_.pair_mask_;
    out_.pairs_[at] = pair << Vocabulary::token_bits | merged;
  }

  // In rank order, so that common pieces are found first in their line.
  void add_pieces() {
    for (std::size_t token = 0; token < text_.size(); ++token) {
      const PieceKey& next = text_[std::min(token + ahead, text_.size() - 1)];
      __builtin_prefetch(&out_.lines_[out_.home_of(hash_of(next))], 1);
      if (!text_[token].empty()) add_piece(text_[token]);
    }
  }
  void add_piece(const PieceKey& key) {
    for (std::size_t at = out_.home_of(hash_of(key));; at = (at + 1) & (out_.lines_.size() - 1)) {
      for (PieceKey& slot : out_.lines_[at].slot) {
        if (!slot.empty()) continue;
        slot = key;
        return;
      }
    }
  }
  void add_whole(const std::string& piece) {
    if (rules_ != nullptr) return rules_->add_user_token(piece);
    if (piece.size() > PieceKey::longest) {
      out_.whole_long_.insert(piece);
      return;
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(piece.data());
    const PieceKey key = load_key_exactly(bytes, piece.size());
    if (!out_.holds(key, hash_of(key))) add_piece(key);
  }

  Vocabulary& out_;
  const PackedVocabulary& from_;
  std::vector<PieceKey> text_;
  std::vector<Ends> ends_;
  struct Edges {
    std::uint32_t first = 0, last = 0;  // characters
  };
  std::vector<Edges> edges_;  // by token, of a SentencePiece vocabulary
  std::unique_ptr<SentenceRules> rules_;
};

Result<std::shared_ptr<const Vocabulary>> Vocabulary::unpack(
    std::span<const unsigned char> packed) {
  Result<PackedVocabulary> found = read_packed(packed);
  if (!found) return fail(std::move(found.error()));
  static std::atomic<unsigned> made{0};
  auto vocabulary = std::make_shared<Vocabulary>();
  vocabulary->number_ = made.fetch_add(1, std::memory_order_relaxed);
  VocabularyBuilder(*vocabulary, *found).build();
  return vocabulary;
}

PieceCache& Vocabulary::met_pieces(std::uint64_t seed) const {
  PieceCache* found = met_.load(std::memory_order_acquire);
  if (found != nullptr) return *found;
  auto made = std::make_unique<PieceCache>(seed);
  // Whoever comes second throws its own away.
  if (met_.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel))
    return *made.release();
  return *found;
}

std::size_t Vocabulary::bytes() const {
  const PieceCache* const met = met_.load(std::memory_order_acquire);
  return sizeof *this + (met != nullptr ? met->bytes() : 0) +
         (sentence_ != nullptr ? sentence_->bytes() : 0) +
         (byte_pairs_.size() + char_token_.size()) * sizeof(Token) +
         (pairs_.size() + filter_.size()) * sizeof(std::uint64_t) +
         lines_.size() * sizeof(PieceLine);
}

}  // namespace steelyard::router
