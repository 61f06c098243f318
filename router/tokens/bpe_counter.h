#pragma once
// TokenCounter of any byte-pair vocabulary: scanner, then vocabulary, then the worker's cache, then
// merging.
#include <array>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/tokens/counter.h"
#include "router/tokens/json_chunks.h"
#include "router/tokens/merger.h"
#include "router/tokens/nfc.h"
#include "router/tokens/piece_cache.h"
#include "router/tokens/probe.h"
#include "router/tokens/scanner.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router {

class BpeCounter final : public TokenCounter {
 public:
  BpeCounter(std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed, ScanWith with);
  std::int64_t count(std::string_view text) override;
  std::int64_t count_json(std::string_view escaped) override;
  std::int64_t count_till(std::string_view text, std::int64_t limit) override;
  std::int64_t count_json_within(std::string_view escaped, std::int64_t& work) override;
  std::string_view encoding() const override { return vocabulary_->name(); }

  // Forgets what was met, so that the next text is counted cold; for benchmarks.
  void forget() { cache_.clear(); }
  std::size_t bytes() const;  // of memory, without what is shared

 private:
  using Piece = std::span<const unsigned char>;
  struct Unsettled {  // a piece that is not one token of up to 15 bytes
    Piece piece;
    PieceKey key;  // of a piece above 15 bytes: a PieceCache::LongKey
    std::uint64_t hash;
  };

  std::int64_t count_normalised(std::string_view text, bool whole);
  CountProgress count_chunk(std::string_view text, bool whole);
  CountProgress count_some(std::string_view text, bool whole, std::int64_t limit);
  std::int64_t count_batch(const ScanText& text, std::size_t from, std::size_t missed);
  void put_off(const ScanText& text, std::size_t from, std::size_t missed);
  std::int64_t settle();
  std::int64_t count_long(Piece piece, const PieceCache::LongKey& key);
  std::int64_t count_unknown(const PieceKey& key, std::uint64_t hash, std::size_t size);
  std::int64_t count_piece(Piece piece);
  std::int64_t count_broken(Piece piece);
  std::int64_t merge_all(Piece piece);

  std::shared_ptr<const Vocabulary> vocabulary_;
  Batcher batch_;
  PieceCache& cache_;  // of vocabulary_
  Merger merger_;
  Pieces pieces_;
  Lookups lookups_;
  std::array<Unsettled, Pieces::capacity + Pieces::room> unsettled_;  // of the last batch
  std::size_t unsettled_count_ = 0;
  std::int64_t work_left_ = std::numeric_limits<std::int64_t>::max();  // bytes to merge
  std::string mended_;                                                 // a piece that was not UTF-8
  std::vector<char> chunk_;                                            // unescaped JSON
  Normaliser normaliser_;
  std::string normal_;  // in normalisation form C, not yet counted
};

}  // namespace steelyard::router
