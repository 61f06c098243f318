#pragma once
// Turns a tokenizer as it is published into a packed vocabulary: merges become pairs of tokens.
#include <string>
#include <utility>
#include <vector>

#include "config/types/result.h"
#include "router/tokens/packed_vocabulary.h"

namespace steelyard::router {

struct PublishedVocabulary {
  static constexpr std::size_t token_bytes_max = 1024;

  std::string name;
  PatternId pattern = PatternId::o200k;
  bool normalises = false;
  bool pieces_first = false;  // a piece that is a token is never merged, whether merges reach it
  std::vector<std::string> tokens;  // bytes; in the order of their ranks when there are no merges
  // Of a SentencePiece vocabulary (PatternId::sentencepiece), whose merges are of characters, with
  // blanks in the place of U+2581: texts that are one token wherever they stand.
  std::vector<std::string> user_tokens;
  std::vector<std::pair<std::string, std::string>> merges;  // in the order of their ranks
};

// Fails on what byte-pair merging cannot use: a byte without a token (but of SentencePiece, where
// characters may lack), the same token twice, a token above token_bytes_max, 2^18 tokens and more.
Result<PackedVocabulary> import_vocabulary(const PublishedVocabulary& published);

}  // namespace steelyard::router
