// A range of seeds, every invariant, and the same seed twice. STEELYARD_SIM_SEEDS=FIRST-LAST runs
// others (a night's worth, say).
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/sim/world.h"

namespace steelyard::sim {
namespace {

struct Totals {
  std::size_t requests = 0, attempts = 0, refused = 0, arrivals = 0;
  std::uint64_t events = 0;
};

// Every seed of a case; the first that fails is printed with the command that shows it.
Totals run_seeds(std::uint64_t first, std::uint64_t last) {
  Totals totals;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    World world(seed, false);
    const Outcome outcome = world.run();
    totals.requests += outcome.requests;
    totals.attempts += outcome.attempts;
    totals.refused += outcome.refused;
    totals.arrivals += world.arrivals.size();
    totals.events += outcome.events;
    if (outcome.violations.empty()) continue;
    std::string text = "steelyard_sim --seed " + std::to_string(seed) + " --trace";
    for (const std::string& what : outcome.violations) text += "\n  " + what;
    FAIL(text);
  }
  return totals;
}

constexpr std::uint64_t seeds_per_case = 50;

TEST_CASE_TEMPLATE_DEFINE("all invariants hold", Part, all_invariants) {
  const Totals totals =
      run_seeds(Part::value * seeds_per_case + 1, (Part::value + 1) * seeds_per_case);
  // A simulation in which nothing happens proves nothing.
  CHECK(totals.requests > seeds_per_case * 5);
  CHECK(totals.arrivals > seeds_per_case * 3);
  CHECK(totals.attempts >= totals.arrivals / 2);
  CHECK(totals.refused > 0);
  MESSAGE(totals.requests, " requests, ", totals.arrivals, " reached a provider, ", totals.refused,
          " over budget, ", totals.events, " events");
}
template <std::uint64_t n>
using Part = std::integral_constant<std::uint64_t, n>;
TEST_CASE_TEMPLATE_INVOKE(all_invariants, Part<0>, Part<1>, Part<2>, Part<3>, Part<4>, Part<5>,
                          Part<6>, Part<7>);

TEST_CASE("the same seed gives the same receipts, byte for byte") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World first(seed, false), second(seed, false);
    const Outcome a = first.run(), b = second.run();
    CHECK_MESSAGE(a.receipts == b.receipts, "seed ", seed);
    CHECK(a.events == b.events);
    CHECK(!a.receipts.empty());
  }
}

// Each showed a fault that is mended, and is outside the range above.
TEST_CASE("seeds that once failed") {
  const std::uint64_t seeds[] = {
      15590,  // a provider's error event lost its blank line: the client did not see it
  };
  for (const std::uint64_t seed : seeds) run_seeds(seed, seed);
}

TEST_CASE("seeds of the environment") {
  const char* range = std::getenv("STEELYARD_SIM_SEEDS");
  if (range == nullptr) return;
  char* end = nullptr;
  const std::uint64_t first = std::strtoull(range, &end, 0);
  const std::uint64_t last = *end == '-' ? std::strtoull(end + 1, nullptr, 0) : first;
  run_seeds(first, last);
}

}  // namespace
}  // namespace steelyard::sim
