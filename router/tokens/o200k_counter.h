#pragma once
// TokenCounter of o200k_base: scanner, then vocabulary, then the worker's cache, then merging.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/tokens/counter.h"
#include "router/tokens/merger.h"
#include "router/tokens/piece_cache.h"
#include "router/tokens/scanner.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router {

class O200kCounter final : public TokenCounter {
 public:
  O200kCounter(std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed);
  std::int64_t count(std::string_view text) override;
  std::int64_t count_json(std::string_view escaped) override;
  std::string_view encoding() const override { return "o200k_base"; }

 private:
  using Piece = std::span<const unsigned char>;

  std::int64_t count_batch(std::string_view text, std::size_t from);
  std::int64_t count_long(Piece piece);
  std::int64_t count_unknown(const PieceKey& key, std::uint64_t hash, std::size_t size);
  std::int64_t count_piece(Piece piece);
  std::int64_t count_broken(Piece piece);

  std::shared_ptr<const Vocabulary> vocabulary_;
  PieceCache cache_;
  Merger merger_;
  Pieces pieces_;
  struct Lookup {
    PieceKey key;  // all zero: a long piece
    std::uint64_t hash = 0;
  };
  std::array<Lookup, Pieces::capacity> lookups_;
  std::string mended_;       // a piece that was not UTF-8
  std::vector<char> chunk_;  // unescaped JSON
};

}  // namespace steelyard::router
