// Every shipped vocabulary against its own reference's counts.
#include <doctest/doctest.h>

#include <set>

#include "router/tokens/bpe_counter.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

TEST_CASE("every family counts as its reference says, with every instruction set") {
  std::set<std::string> families;
  for (const FamilyVector& vector : read_family_vectors()) families.insert(vector.family);
  CHECK(families.size() == 6);
  for (const std::string& family : families) {
    CAPTURE(family);
    const auto vocabulary = shipped_vocabulary(family);
    REQUIRE(vocabulary != nullptr);
    for (const ScanWith with : {ScanWith::scalar, ScanWith::avx2, ScanWith::avx512}) {
      BpeCounter counter(vocabulary, 1, with);
      int seen = 0;
      for (const FamilyVector& vector : read_family_vectors()) {
        if (vector.family != family) continue;
        CAPTURE(vector.text);
        CHECK(counter.count(vector.text) == vector.tokens);
        CHECK(counter.count_json(escape_json(vector.text, 0)) == vector.tokens);
        ++seen;
      }
      CHECK(seen >= 100);
    }
  }
}

TEST_CASE("names of families and of encodings find the same vocabulary") {
  CHECK(shipped_vocabulary("o200k") == shipped_vocabulary("o200k_base"));
  CHECK(shipped_vocabulary("deepseek-v3") == shipped_vocabulary("deepseek-v4"));
  CHECK(shipped_vocabulary("qwen3.5") == shipped_vocabulary("qwen3.6"));
  CHECK(shipped_vocabulary("gemma-3") == nullptr);
  CHECK(shipped_vocabulary("") == nullptr);
  CHECK(encoding_of_family("qwen3") == "qwen3");
  CHECK(encoding_of_family("claude-3").empty());
}

TEST_CASE("counting stops soon after a limit") {
  const auto counter = fresh_counter();
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += " word";
  CHECK(counter->count(text) == 20'000);
  CHECK(counter->count_till(text, 30'000) == 20'000);
  const std::int64_t stopped = counter->count_till(text, 1000);
  CHECK(stopped > 1000);
  CHECK(stopped < 2000);
}
