// Input made to be slow must not be: eight times the text, about eight times the work. A quadratic
// counter takes 64 times as long (tiktoken: 5 s for 64 KB of one letter).
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>

#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

// CPU seconds of this thread; the best of five, each with empty caches.
double seconds_for(const std::string& text) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto counter = fresh_counter();
    timespec start{}, end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    const std::int64_t tokens = counter->count(text);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    CHECK(tokens > 0);
    best = std::min(best, static_cast<double>(end.tv_sec - start.tv_sec) +
                              static_cast<double>(end.tv_nsec - start.tv_nsec) * 1e-9);
  }
  return best;
}

std::string random_letters(std::size_t size) {
  Random random(9);
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + random.below(26));
  return text;
}

std::string repeated(std::string_view unit, std::size_t size) {
  std::string text;
  while (text.size() < size) text += unit;
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("worst cases stay linear") {
  struct Row {
    const char* name;
    std::string (*make)(std::size_t);
  };
  const Row rows[] = {
      {"one letter", [](std::size_t n) { return std::string(n, 'a'); }},
      {"random letters", random_letters},
      {"blanks, then a letter", [](std::size_t n) { return std::string(n, ' ') + "x"; }},
      {"line ends and blanks", [](std::size_t n) { return "\n" + std::string(n, ' ') + "x"; }},
      {"capitals behind a caseless letter",
       [](std::size_t n) { return "中" + std::string(n, 'A'); }},
      {"caseless, capitals, in turn", [](std::size_t n) { return repeated("中AAAAAAA", n); }},
      {"marks", [](std::size_t n) { return repeated("\xCC\x81", n); }},
      {"punctuation", [](std::size_t n) { return std::string(n, '='); }},
      {"not UTF-8", [](std::size_t n) { return std::string(n, '\xFF'); }},
      {"digits", [](std::size_t n) { return std::string(n, '7'); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const double small = seconds_for(row.make(8 * 1024));
    const double large = seconds_for(row.make(64 * 1024));
    CAPTURE(small);
    CAPTURE(large);
    CHECK(large < 20 * small + 0.001);
    CHECK(large < 0.5);
  }
}
