// The estimate from windows: near the truth, its bound above it, exact when that is cheap.
#include "router/tokens/sample.h"

#include <doctest/doctest.h>

#include "router/tokens/memo.h"
#include "router/tokens/sliced_count.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

// Paragraphs of prose, code and figures, whose tokens per byte differ.
std::string mixed_text(Random& random, std::size_t bytes) {
  static constexpr std::string_view kinds[] = {
      "The quick brown fox jumps over the lazy dog, and then some more of it follows.\n",
      "  if (count > limit) { return fail(ErrorKind::over_budget, \"too many\"); }\n",
      "48213 7790 0.3312 99182 1e-7 42 1728.5 3.14159\n",
      "Наш склад сообщает, что три палеты были отсканированы дважды.\n",
      "这是一个用来测试的句子。\n"};
  std::string text;
  while (text.size() < bytes) {
    const std::string_view kind = kinds[random.below(std::size(kinds))];
    for (std::size_t i = random.below(60); i > 0; --i) text += kind;
  }
  return text;
}

}  // namespace

TEST_CASE("windows give the count to within their own bound") {
  Random random(9);
  const auto counter = fresh_counter();
  for (int round = 0; round < 12; ++round) {
    const std::string text = mixed_text(random, 1'200'000);
    const std::int64_t truth = counter->count(text);
    const TokenCount plain = sample_count(*counter, text, false);
    CHECK(plain.quality == CountQuality::prior);
    CHECK(plain.upper >= truth);
    CHECK(plain.tokens > truth * 90 / 100);
    CHECK(plain.upper < truth * 125 / 100);
    const TokenCount json = sample_count(*counter, escape_json(text, round % 2), true);
    CHECK(json.upper >= truth);
    CHECK(json.upper < truth * 130 / 100);
  }
}

TEST_CASE("what is short is counted, and escapes are never cut") {
  const auto counter = fresh_counter();
  CHECK(sample_count(*counter, "hello world", false).tokens == 2);
  CHECK(sample_count(*counter, "hello world", false).quality == CountQuality::exact);
  CHECK(sample_count(*counter, "", false).tokens == 0);
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "\\u4e2d\\n\\\"\\\\";
  const TokenCount found = sample_count(*counter, text, true, {64, 512});
  const std::int64_t truth = counter->count_json(text);
  CHECK(found.tokens > truth * 97 / 100);
  CHECK(found.tokens < truth * 103 / 100);
}

TEST_CASE("windows lie elsewhere for every seed, and the bound holds all the same") {
  Random random(10);
  const auto counter = fresh_counter();
  const std::string text = mixed_text(random, 1'200'000);
  const std::int64_t truth = counter->count(text);
  int different = 0;
  const std::int64_t middle = sample_count(*counter, text, false).tokens;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const TokenCount found = sample_count(*counter, text, false, {256, 1024, seed});
    CHECK(found.upper >= truth);
    different += found.tokens != middle;
  }
  CHECK(different > 10);
}

TEST_CASE("a slice of time: exact until it is spent, then windows, unless remembered") {
  Random random(11);
  MemoCounter counter(fresh_counter(), MemoSeed{1}, 1024);
  const std::string first = escape_json(mixed_text(random, 600'000), false);
  const std::string second = escape_json(mixed_text(random, 900'000), false);
  SlicedCount::Slice slice;
  slice.exact_bytes = first.size();
  SlicedCount sliced(counter, slice);
  sliced.add_json(first);
  CHECK(sliced.total().quality == CountQuality::exact);
  const std::int64_t one = sliced.total().tokens;
  CHECK(one == fresh_counter()->count_json(first));
  sliced.add_json(second);
  CHECK(sliced.total().quality == CountQuality::prior);
  const std::int64_t truth = one + fresh_counter()->count_json(second);
  CHECK(sliced.total().upper >= truth);
  CHECK(sliced.total().tokens > truth * 9 / 10);
  CHECK(sliced.total().tokens < truth * 11 / 10);
  (void)counter.count_json(second);
  SlicedCount again(counter, slice);
  again.add_json(second);
  again.add_json(first);
  CHECK(again.total().quality == CountQuality::exact);
  CHECK(again.total().tokens == truth);
  slice.enough_tokens = 10;
  MemoCounter empty(fresh_counter(), MemoSeed{1}, 1024);
  SlicedCount enough(empty, slice);
  enough.add_json("eleven words are enough to be more than ten of them, surely");
  enough.add_json(first);
  CHECK(enough.total().quality == CountQuality::prior);
}

TEST_CASE("what would take too long is given up, and leaves nothing behind") {
  Random random(12);
  std::string letters;
  for (int i = 0; i < 900'000; ++i) letters += static_cast<char>('a' + random.below(26));
  std::string words = letters;  // unknown pieces of 15 bytes
  for (std::size_t at = 0; at < words.size(); at += 15) words[at] = ' ';
  const auto counter = fresh_counter();
  for (const std::string& slow : {letters, words, letters + "\\n", words + "\\n"}) {
    std::int64_t work = 200'000;
    CHECK(counter->count_json_within(slow, work) == -1);
    CHECK(work < 0);
    CHECK(counter->count_json("hello world") == 2);
  }
  const std::string ordinary = escape_json(mixed_text(random, 200'000), 0);
  std::int64_t work = 1 << 20;
  CHECK(counter->count_json_within(ordinary, work) == fresh_counter()->count_json(ordinary));
  CHECK(work > 0);
}

TEST_CASE("a slice that is spent on slow text samples the rest, within bounds") {
  Random random(13);
  MemoCounter counter(fresh_counter(), MemoSeed{1}, 1024);
  SlicedCount::Slice slice;
  slice.work = 100'000;
  slice.seed = 7;
  SlicedCount sliced(counter, slice);
  std::int64_t truth = 0;
  for (int i = 0; i < 6; ++i) {
    std::string text;
    const std::size_t size = i % 2 == 0 ? 300'000 : 20'000;
    while (text.size() < size) {
      for (std::size_t n = 4 + random.below(9); n > 0; --n)
        text += static_cast<char>('a' + random.below(26));
      text += ' ';
    }
    const TokenCount found = sliced.add_json(text);
    const std::int64_t exact = fresh_counter()->count_json(text);
    CHECK(found.quality == CountQuality::prior);
    CHECK(found.upper >= exact);
    if (size > 100'000) CHECK(found.upper < exact * 13 / 10);
    truth += exact;
  }
  CHECK(sliced.total().upper >= truth);
  CHECK(sliced.total().quality == CountQuality::prior);
}
