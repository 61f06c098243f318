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
  Merger tiny(vocabulary, 16), small(vocabulary, 64), usual(vocabulary), wide(vocabulary, 4096);
  for (int round = 0; round < 250; ++round) {
    const std::string text = piece_of(random, 1 + random.below(round % 5 == 0 ? 1500 : 600));
    CAPTURE(text);
    const std::int64_t expected = by_definition(vocabulary, text);
    CHECK(tiny.count(bytes_of(text)) == expected);
    CHECK(small.count(bytes_of(text)) == expected);
    CHECK(usual.count(bytes_of(text)) == expected);
    CHECK(wide.count(bytes_of(text)) == expected);  // with a heap
  }
  CHECK(tiny.restarts() > 0);  // the case of a wrong window was there to be handled
}

TEST_CASE("a damaged vocabulary is refused") {
  const auto whole = shipped_vocabularies()[0].packed;
  const std::vector<unsigned char> good(whole.begin(), whole.end());
  CHECK(Vocabulary::unpack(good).has_value());
  CHECK(!Vocabulary::unpack({}).has_value());
  for (const std::size_t at : {0, 4, 9, 13, 16, 400'000}) {
    std::vector<unsigned char> bad = good;
    bad[at] ^= 0x55;
    CAPTURE(at);
    CHECK(!Vocabulary::unpack(bad).has_value());
  }
  CHECK(!Vocabulary::unpack(std::span(good).first(good.size() / 2)).has_value());
}

TEST_CASE("the vocabulary has all of o200k_base") {
  const Vocabulary& vocabulary = *shared_vocabulary();
  CHECK(vocabulary.size() == 199'998);
  CHECK(vocabulary.merge(vocabulary.of_byte('i'), vocabulary.of_byte('n')) ==
        vocabulary.merge_bytes('i', 'n'));
  CHECK(vocabulary.merge(0, 199'997) == no_token);
  CHECK(vocabulary.bytes() < 16'000'000);
}

TEST_CASE("characters as first parts change nothing") {
  const std::string_view alphabets[] = {
      "слово и не", "中文的是不了人我在有", "日本語のテキスト、を。", "é ß ö", "한국어 이다",
      "हिन्दी में",    " -\u2014\u2019x"};
  for (const std::string_view family :
       {"o200k", "cl100k", "deepseek-v3", "tekken", "qwen3", "qwen3.5"}) {
    const auto vocabulary = shipped_vocabulary(family);
    REQUIRE(vocabulary != nullptr);
    CAPTURE(family);
    Merger merger(*vocabulary);
    Random random(11);
    for (int round = 0; round < 400; ++round) {
      const std::string_view letters = alphabets[random.below(std::size(alphabets))];
      std::string text;
      while (text.size() < 1 + random.below(40)) {
        std::size_t at = random.below(letters.size());
        while (at > 0 && (letters[at] & 0xC0) == 0x80) --at;
        std::size_t end = at + 1;
        while (end < letters.size() && (letters[end] & 0xC0) == 0x80) ++end;
        text += letters.substr(at, end - at);
      }
      if (round % 5 == 0) text = text.substr(1);  // a part of a character
      if (text.empty()) continue;
      CAPTURE(text);
      CHECK(merger.count(bytes_of(text)) == by_definition(*vocabulary, text));
    }
  }
}
