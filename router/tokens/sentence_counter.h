#pragma once
// TokenCounter of a SentencePiece vocabulary (sentence_rules.h).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/tokens/counter.h"
#include "router/tokens/json_chunks.h"
#include "router/tokens/merger.h"
#include "router/tokens/piece_cache.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router {

class SentenceCounter final : public TokenCounter {
 public:
  // `vocabulary` has sentence().
  SentenceCounter(std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed);
  std::int64_t count(std::string_view text) override;
  std::int64_t count_json(std::string_view escaped) override;
  std::int64_t count_till(std::string_view text, std::int64_t limit) override;
  std::string_view encoding() const override { return vocabulary_->name(); }

 private:
  CountProgress count_some(std::string_view text, bool whole, std::int64_t limit);
  std::int64_t count_piece(std::string_view text, std::size_t begin, std::size_t end, bool odd);
  std::int64_t count_short(std::string_view text, std::size_t begin, std::size_t size);
  std::string_view mended(std::string_view piece);

  std::shared_ptr<const Vocabulary> vocabulary_;
  const SentenceRules& rules_;
  PieceCache& cache_;  // of vocabulary_
  Merger merger_;
  std::string mended_;       // a piece that was not UTF-8, or has U+2581 in it
  std::vector<char> chunk_;  // unescaped JSON
};

}  // namespace steelyard::router
