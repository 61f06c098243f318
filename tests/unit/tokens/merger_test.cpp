// Merging, in windows of any size, against the definition of byte-pair encoding.
#include "router/tokens/merger.h"

#include <doctest/doctest.h>

#include "router/tokens/vocabulary_data.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

std::span<const unsigned char> bytes_of(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// The definition: merge the lowest-ranked pair, leftmost first, until there is none.
std::int64_t by_definition(const Vocabulary& vocabulary, const std::string& text) {
  std::vector<Token> parts;
  for (const unsigned char byte : bytes_of(text)) parts.push_back(vocabulary.of_byte(byte));
  for (;;) {
    Token lowest = no_token;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const Token merged = vocabulary.merge(parts[i], parts[i + 1]);
      if (merged < lowest) lowest = merged, at = i;
    }
    if (lowest == no_token) return static_cast<std::int64_t>(parts.size());
    parts[at] = lowest;
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

std::string piece_of(Random& random, std::size_t size) {
  static const std::string_view alphabets[] = {"a",  "ab",           "abc",  " ",
                                               "=-", "etaoinshrdlu", "ACGT", "01"};
  const std::string_view letters = alphabets[random.below(std::size(alphabets))];
  std::string text;
  while (text.size() < size) text += letters[random.below(letters.size())];
  return text;
}

}  // namespace

TEST_CASE("windows change nothing") {
  const Vocabulary& vocabulary = *shared_vocabulary();
  Random random(7);
  Merger tiny(vocabulary, 16), small(vocabulary, 64), usual(vocabulary);
  for (int round = 0; round < 250; ++round) {
    const std::string text = piece_of(random, 1 + random.below(600));
    CAPTURE(text);
    const std::int64_t expected = by_definition(vocabulary, text);
    CHECK(tiny.count(bytes_of(text)) == expected);
    CHECK(small.count(bytes_of(text)) == expected);
    CHECK(usual.count(bytes_of(text)) == expected);
  }
  CHECK(tiny.restarts() > 0);  // the case of a wrong window was there to be handled
}

TEST_CASE("a damaged vocabulary is refused") {
  const auto whole = o200k_data();
  const std::vector<unsigned char> good(whole.begin(), whole.end());
  CHECK(Vocabulary::unpack(good) != nullptr);
  CHECK(Vocabulary::unpack({}) == nullptr);
  for (const std::size_t at : {0, 4, 9, 13, 16, 400'000}) {
    std::vector<unsigned char> bad = good;
    bad[at] ^= 0x55;
    CAPTURE(at);
    CHECK(Vocabulary::unpack(bad) == nullptr);
  }
  CHECK(Vocabulary::unpack(std::span(good).first(good.size() / 2)) == nullptr);
}

TEST_CASE("the vocabulary has all of o200k_base") {
  const Vocabulary& vocabulary = *shared_vocabulary();
  CHECK(vocabulary.size() == 199'998);
  CHECK(vocabulary.merge(vocabulary.of_byte('i'), vocabulary.of_byte('n')) ==
        vocabulary.merge_bytes('i', 'n'));
  CHECK(vocabulary.merge(0, 199'997) == no_token);
  CHECK(vocabulary.bytes() < 16'000'000);
}
