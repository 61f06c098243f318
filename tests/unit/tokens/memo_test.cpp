// The memo remembers, forgets when full, and never mixes up.
#include "router/tokens/memo.h"

#include <doctest/doctest.h>

#include "router/calibration/text_features.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

constexpr MemoSeed seed{1, 2, 3, 4, 5};

// Counts how often it is asked.
class Spy final : public TokenCounter {
 public:
  explicit Spy(int& calls) : calls_(calls) {}
  std::int64_t count(std::string_view text) override {
    ++calls_;
    return static_cast<std::int64_t>(text.size());
  }
  std::int64_t count_json(std::string_view escaped) override {
    ++calls_;
    return static_cast<std::int64_t>(escaped.size()) * 2;
  }
  std::string_view encoding() const override { return "spy"; }

 private:
  int& calls_;
};

}  // namespace

TEST_CASE("a message sent again is not counted again, unless it is short") {
  int calls = 0;
  MemoCounter counter(std::make_unique<Spy>(calls), seed, 1024, 64);
  const std::string message(1000, 'x');
  CHECK(counter.count(message) == 1000);
  CHECK(counter.count(message) == 1000);
  CHECK(calls == 1);
  CHECK(counter.count_json(message) == 2000);  // other meaning, other entry
  CHECK(counter.count_json(message) == 2000);
  CHECK(calls == 2);
  CHECK(counter.count("short") == 5);
  CHECK(counter.count("short") == 5);
  CHECK(calls == 4);
  CHECK(counter.hits() == 2);
  CHECK(counter.misses() == 2);
  CHECK(counter.encoding() == "spy");
}

TEST_CASE("with a memo every vector still counts as the reference says") {
  MemoCounter counter(fresh_counter(), seed, 256, 1);
  const std::vector<TokenVector> vectors = read_vectors();
  for (int pass = 0; pass < 3; ++pass) {
    for (const TokenVector& vector : vectors) {
      CAPTURE(vector.line);
      const std::int64_t found =
          vector.json ? counter.count_json(vector.text) : counter.count(vector.text);
      CHECK(found == vector.tokens);
    }
  }
}

TEST_CASE("zero tokens are remembered; what cannot be kept is not") {
  CountMemo memo(seed, 16);
  const CountMemo::Key none = memo.key_of("", TextForm::plain);
  CHECK(memo.find(none) == -1);
  memo.put(none, 0);
  CHECK(memo.find(none) == 0);
  const CountMemo::Key big = memo.key_of("big", TextForm::plain);
  memo.put(big, std::int64_t{1} << 31);
  memo.put(big, -1);
  CHECK(memo.find(big) == -1);
  memo.put(big, (std::int64_t{1} << 31) - 2);
  CHECK(memo.find(big) == (std::int64_t{1} << 31) - 2);
}

TEST_CASE("a full memo gives up what nobody asks for") {
  CountMemo memo(seed, 4);  // one line
  REQUIRE(memo.capacity() == 4);
  const auto key = [&](int i) { return memo.key_of(std::to_string(i), TextForm::plain); };
  memo.put(key(0), 100);
  for (int i = 1; i < 500; ++i) {
    REQUIRE(memo.find(key(0)) == 100);  // asked for between any two insertions
    memo.put(key(i), i);                // never asked for
  }
  int kept = 0;
  for (int i = 0; i < 500; ++i) kept += memo.find(key(i)) >= 0;
  CHECK(kept == 4);
}

TEST_CASE("the seed decides where things are") {
  MemoSeed other = seed;
  other[31] = 9;
  const CountMemo one(seed, 1024), two(other, 1024);
  const auto a = one.key_of("the same text", TextForm::plain);
  const auto b = two.key_of("the same text", TextForm::plain);
  const auto c = one.key_of("the same text", TextForm::json);
  CHECK(a.low != b.low);
  CHECK(a.low != c.low);
  CHECK(a.low == one.key_of("the same text", TextForm::plain).low);
}

TEST_CASE("memo: what a text is made of is remembered with its count") {
  const std::string texts[] = {
      "Plain words, some punctuation; and A FEW capitals in a line that is long enough.",
      R"(escaped \"quotes\"\nand lines\n, \u00e9\u00e8 with accents and more words)",
      "\u05d0\u05d1 \xE6\x97\xA5\xE6\x9C\xAC in a line that is long enough to be kept, as is "
      "\xD9\x85",
      std::string(40'000, 'x') + " " + std::string(50'000, 'Y') + "\\n\\n."};
  int calls = 0;
  MemoCounter counter(std::make_unique<Spy>(calls), seed, 64);
  for (const std::string& text : texts) {
    TextFeatures first, again;
    const TextFeatures wanted = text_features(text, TextForm::json);
    const std::int64_t tokens = counter.look_json(text, first);
    CHECK(counter.look_json(text, again) == tokens);
    CHECK(counter.count_json(text) == tokens);
    CHECK(first.words == wanted.words);
    const auto close = [](std::int64_t found, std::int64_t exact) {
      return exact < 32'768 ? found == exact : found >= exact && found < exact + 1024;
    };
    CHECK(close(again.words, wanted.words));
    CHECK(close(again.newlines, wanted.newlines));
    CHECK(close(again.punct, wanted.punct));
    CHECK(close(again.upper, wanted.upper));
    CHECK(close(again.non_ascii, wanted.non_ascii));
    CHECK(close(again.wide, wanted.wide));
    CHECK(close(again.right_to_left, wanted.right_to_left));
  }
  CHECK(counter.hits() == 8);
  // Counted without a look, then looked at: the sums are not made up.
  TextFeatures later;
  const std::string plain = "a text that was counted before anybody looked at what it is made of";
  const std::int64_t tokens = counter.count_json(plain);
  CHECK(counter.look_json(plain, later) == tokens);
  CHECK(later.words == text_features(plain, TextForm::json).words);
}
