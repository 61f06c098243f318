// steelyard_sim --seed N [--trace]: one run, to look at. --seeds A B: a range.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/sim/world.h"

namespace {

int run(std::uint64_t seed, bool traced, bool quiet) {
  steelyard::sim::World world(seed, traced);
  const steelyard::sim::Outcome outcome = world.run();
  if (!quiet || !outcome.violations.empty())
    std::printf(
        "seed %llu: %zu requests, %zu attempts, %zu over budget, %llu events, %zu violations\n",
        static_cast<unsigned long long>(seed), outcome.requests, outcome.attempts, outcome.refused,
        static_cast<unsigned long long>(outcome.events), outcome.violations.size());
  for (const std::string& what : outcome.violations) std::printf("  %s\n", what.c_str());
  return outcome.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t first = 1, last = 1;
  bool traced = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--trace") == 0) {
      traced = true;
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      first = last = std::strtoull(argv[++i], nullptr, 0);
    } else if (std::strcmp(argv[i], "--seeds") == 0 && i + 2 < argc) {
      first = std::strtoull(argv[++i], nullptr, 0);
      last = std::strtoull(argv[++i], nullptr, 0);
    } else {
      std::fprintf(stderr, "steelyard_sim --seed N [--trace] | --seeds FIRST LAST\n");
      return 2;
    }
  }
  int failed = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) failed += run(seed, traced, first != last);
  if (first != last)
    std::printf("%d of %llu seeds failed\n", failed,
                static_cast<unsigned long long>(last - first + 1));
  return failed == 0 ? 0 : 1;
}
