// What all threads share: counts of pieces and of messages, without a lock.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "router/calibration/text_features.h"
#include "router/tokens/memo.h"
#include "router/tokens/vocabulary.h"
#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

namespace {

// Texts whose pieces fall into few lines of the cache and push each other out.
std::vector<std::string> texts() {
  std::vector<std::string> out;
  std::uint64_t state = 1;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    while (text.size() < 600) {
      state = state * 6364136223846793005 + 1442695040888963407;
      const std::size_t letters = 3 + (state >> 60);
      for (std::size_t k = 0; k < letters; ++k)
        text += static_cast<char>('a' + (state >> (4 * k % 50)) % 26);
      text += ' ';
    }
    out.push_back(text);
  }
  return out;
}

template <class Work>
void in_threads(Work&& work) {
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < 4; ++number)
    threads.emplace_back([&work, number] { work(number); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("shared: four threads count with one vocabulary what one alone counts") {
  const std::vector<std::string> all = texts();
  const auto vocabulary = shipped_vocabulary("tekken");
  std::vector<std::int64_t> wanted;
  const auto alone = make_counter(vocabulary, 1);
  for (const std::string& text : all) wanted.push_back(alone->count(text));
  vocabulary->met_pieces(1).clear();
  std::atomic<int> wrong{0};
  in_threads([&](unsigned number) {
    const auto counter = make_counter(vocabulary, 1);
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t at = (i * (2 * number + 1)) % all.size();
        wrong += counter->count(all[at]) != wanted[at];
      }
      if (number == 0) vocabulary->met_pieces(1).clear();
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("shared: a memo never tells one message's count for another's") {
  CountMemo memo(MemoSeed{3}, 16);  // four homes: everything pushes everything out
  std::atomic<int> wrong{0};
  std::atomic<int> found{0};
  in_threads([&](unsigned number) {
    for (std::int64_t i = 0; i < 40'000; ++i) {
      const std::int64_t which = (i * (number + 1)) % 97;
      const auto key = memo.key_of(std::to_string(which), TextForm::plain);
      std::int64_t tokens = 0;
      TextFeatures sums;
      if (memo.find(key, tokens, sums)) {
        ++found;
        wrong += tokens != which * 1000 || sums.words != which || sums.upper != 3 * which ||
                 sums.non_ascii != 7 * which;
      } else if (const std::int64_t known = memo.find(key); known >= 0) {
        wrong += known != which * 1000;
      }
      if (i % 3 == 0)
        memo.put(key, which * 1000);
      else
        memo.put(key, which * 1000, {which, 1, 2, 3 * which, 7 * which});
    }
  });
  CHECK(wrong == 0);
  CHECK(found > 0);
}
