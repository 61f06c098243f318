// The estimate from windows: near the truth, its bound above it, exact when that is cheap.
#include "router/tokens/sample.h"

#include <doctest/doctest.h>

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
