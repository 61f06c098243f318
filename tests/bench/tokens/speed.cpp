// How fast text is counted, in CPU time of this thread; the best of several rounds.
// usage: steelyard_token_speed FAMILY ROUNDS FILE...     one JSON object a line for each file
// Cold: nothing met before, the vocabulary loaded. Warm: the same text again. Escaped: the text as
// the inside of a JSON string. Without files: what is not about one text.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "config/types/json_writer.h"
#include "gateway/sys/huge_pages.h"
#include "router/tokens/bpe_counter.h"
#include "router/tokens/memo.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

template <class Work>
double best_seconds(int rounds, Work&& work) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const double start = cpu_seconds();
    work();
    best = std::min(best, cpu_seconds() - start);
  }
  return best;
}

std::string escaped(std::string_view text) {
  std::string out;
  JsonWriter json(out);
  json.begin_array().string(text).end_array();
  return out.substr(2, out.size() - 4);
}

void print(const std::string& name, std::size_t bytes, std::int64_t tokens,
           std::initializer_list<std::pair<const char*, double>> figures) {
  std::printf("{\"name\":\"%s\",\"bytes\":%zu,\"tokens\":%lld", name.c_str(), bytes,
              static_cast<long long>(tokens));
  for (const auto& [what, value] : figures) std::printf(",\"%s\":%.3f", what, value);
  std::printf("}\n");
  std::fflush(stdout);
}

double rate(std::size_t bytes, double seconds) {
  return static_cast<double>(bytes) / 1e6 / seconds;
}

void measure_file(BpeCounter& counter, int rounds, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string json = escaped(text);
  std::int64_t tokens = 0;
  double cold = 1e9;
  for (int i = 0; i < rounds; ++i) {
    counter.forget();
    cold = std::min(cold, best_seconds(1, [&] { tokens = counter.count(text); }));
  }
  const double warm = best_seconds(rounds, [&] { (void)counter.count(text); });
  const double from_json = best_seconds(rounds, [&] { (void)counter.count_json(json); });
  const std::string name = path.substr(path.find_last_of('/') + 1);
  print(name.substr(0, name.find('.')), text.size(), tokens,
        {{"cold", rate(text.size(), cold)},
         {"warm", rate(text.size(), warm)},
         {"escaped", rate(json.size(), from_json)}});
}

void measure_worst(BpeCounter& counter, int rounds) {
  std::string letters, random;
  std::uint64_t state = 1;
  for (int i = 0; i < 1'000'000; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    random += static_cast<char>('a' + (state >> 33) % 26);
  }
  const std::pair<const char*, std::string> cases[] = {
      {"1 MB of a", std::string(1'000'000, 'a')},
      {"1 MB of blanks", std::string(1'000'000, ' ') + "x"},
      {"1 MB of line ends", std::string(1'000'000, '\n')},
      {"1 MB of signs", std::string(1'000'000, '=')},
      {"1 MB of random letters", random}};
  for (const auto& one : cases) {
    const std::string& text = one.second;
    counter.forget();
    std::int64_t tokens = 0;
    const double seconds = best_seconds(rounds, [&] { tokens = counter.count(text); });
    print(one.first, text.size(), tokens, {{"cold", rate(text.size(), seconds)}});
  }
}

// 4 MB in messages of 8 KB, of which 2 % are new.
void measure_resent(std::shared_ptr<const Vocabulary> vocabulary, int rounds) {
  MemoCounter counter(make_counter(std::move(vocabulary)), {1, 2, 3});
  std::vector<std::string> messages;
  std::uint64_t state = 1;
  const auto message = [&] {
    std::string text;
    while (text.size() < 8192) {
      state = state * 6364136223846793005 + 1442695040888963407;
      text += "line " + std::to_string(state >> 50) + ": the tests of the parser pass again\\n";
    }
    return text;
  };
  for (int i = 0; i < 512; ++i) messages.push_back(message());
  std::size_t bytes = 0;
  for (const std::string& one : messages) (void)counter.count_json(one), bytes += one.size();
  double best = 1e9;
  std::int64_t tokens = 0;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < 10; ++i)
      messages[messages.size() - 1 - static_cast<std::size_t>(i)] = message();
    best = std::min(best, best_seconds(1, [&] {
                      tokens = 0;
                      for (const std::string& one : messages) tokens += counter.count_json(one);
                    }));
  }
  print("4 MB resent, 2 % new", bytes, tokens, {{"milliseconds", best * 1e3}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  sys::use_huge_pages();  // as the gateway does
  const auto vocabulary = shipped_vocabulary(argv[1]);
  if (vocabulary == nullptr) return 1;
  const int rounds = std::max(1, std::atoi(argv[2]));
  BpeCounter counter(vocabulary, 1, best_scan());
  for (int i = 3; i < argc; ++i) measure_file(counter, rounds, argv[i]);
  if (argc > 3) return 0;
  measure_worst(counter, std::min(rounds, 5));
  measure_resent(vocabulary, rounds);
  print("memory of the vocabulary, with what was met", vocabulary->bytes(), 0, {});
  print("memory of a thread, for each vocabulary", counter.bytes(), 0, {});
  return 0;
}
