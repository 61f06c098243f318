// The o200k_base counter against the reference tokenizer's own counts.
#include <doctest/doctest.h>

#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

TEST_CASE("every vector counts as the reference says, escaped or not, first or again") {
  const std::vector<TokenVector> vectors = read_vectors();
  REQUIRE(vectors.size() > 1000);
  const auto counter = fresh_counter();
  for (int pass = 0; pass < 2; ++pass) {
    for (const TokenVector& vector : vectors) {
      CAPTURE(vector.line);
      const std::string plain = vector.json ? unescape_json(vector.text) : vector.text;
      CHECK(counter->count(plain) == vector.tokens);
      if (vector.json) CHECK(counter->count_json(vector.text) == vector.tokens);
    }
  }
}

TEST_CASE("counts of known texts") {
  struct Row {
    std::string_view text;
    std::int64_t tokens;
  };
  // As npm tiktoken 1.0.22 counts them.
  const Row rows[] = {{"", 0},
                      {"hello world", 2},
                      {"tiktoken is great!", 6},
                      {"<|endoftext|>", 7},
                      {"\n\n\n", 1},
                      {"123", 1},
                      {"1234", 2},
                      {"can't", 1},
                      {std::string_view("a\0", 2), 2}};
  const auto counter = fresh_counter();
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(counter->count(row.text) == row.tokens);
  }
  CHECK(counter->encoding() == "o200k_base");
}

TEST_CASE("however a text is written in JSON, its count is that of the text") {
  Random random(1);
  const auto counter = fresh_counter();
  for (int round = 0; round < 400; ++round) {
    const std::string text = awkward_text(random, 1 + random.below(80));
    const std::int64_t tokens = counter->count(text);
    for (unsigned style = 0; style < 3; ++style) {
      const std::string escaped = escape_json(text, style);
      CAPTURE(escaped);
      CHECK(counter->count_json(escaped) == tokens);
    }
  }
}

TEST_CASE("JSON longer than a chunk counts as its text, with and without places to cut") {
  const auto counter = fresh_counter();
  Random random(2);
  std::string mixed;
  while (mixed.size() < 200'000) mixed += awkward_text(random, 50);
  std::string letters(150'000, 'x');
  letters.insert(70'000, "\n");
  std::string blanks(100'000, ' ');
  std::string han;
  for (int i = 0; i < 30'000; ++i) han += "中";
  for (const std::string& text : {mixed, letters, blanks + "\n" + blanks + "y", han, blanks}) {
    for (unsigned style = 0; style < 3; ++style) {
      CHECK(counter->count_json(escape_json(text, style)) == counter->count(text));
    }
  }
}

TEST_CASE("text that ends where its memory ends is not read beyond") {
  const auto counter = fresh_counter();
  const std::string text = "The quick brown Fox's 1234 jumps...\n\n  over\t中文 é \xE4\xB8";
  for (std::size_t from = 0; from < text.size(); ++from) {
    for (std::size_t to = from; to <= text.size(); ++to) {
      const std::vector<char> exact(text.begin() + from, text.begin() + to);  // own allocation
      const std::int64_t tokens = counter->count({exact.data(), exact.size()});
      CHECK(tokens <= static_cast<std::int64_t>(3 * exact.size()));
      CHECK((tokens > 0) == !exact.empty());
    }
  }
}

TEST_CASE("quality has a name") {
  CHECK(std::string_view(name_of(CountQuality::exact)) == "exact");
  CHECK(std::string_view(name_of(CountQuality::calibrated)) == "calibrated");
  CHECK(std::string_view(name_of(CountQuality::prior)) == "prior");
}
