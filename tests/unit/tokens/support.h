#pragma once
// What the token tests share: one vocabulary, counters on it, random text with a fixed seed.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/tokens/counter.h"
#include "router/tokens/vocabulary.h"

namespace steelyard::router::testing {

std::shared_ptr<const Vocabulary> shared_vocabulary();
std::unique_ptr<TokenCounter> fresh_counter();

// A vector of o200k_vectors.tsv: what the reference tokenizer says.
struct TokenVector {
  std::int64_t tokens = 0;
  bool json = false;  // `text` is the inside of a JSON string, else plain bytes
  std::string text;
  std::size_t line = 0;
};
std::vector<TokenVector> read_vectors();

// The inside of a JSON string that stands for `text`, in one of several ways of writing it.
std::string escape_json(std::string_view text, unsigned style);
std::string unescape_json(std::string_view escaped);

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit);

 private:
  std::uint64_t state_;
};

// `atoms` pieces of text that are awkward for the scanner, one after the other.
std::string awkward_text(Random& random, std::size_t atoms);
// Bytes that are mostly not UTF-8.
std::string broken_text(Random& random, std::size_t bytes);

// A line of family_vectors.tsv.
struct FamilyVector {
  std::string family;
  std::int64_t tokens = 0;
  std::string text;
};
std::vector<FamilyVector> read_family_vectors();

}  // namespace steelyard::router::testing
