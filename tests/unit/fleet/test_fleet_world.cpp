// 20,000 events in ./dev test; the long form:
//   STEELYARD_FLEET_EVENTS=1000000 [STEELYARD_FLEET_SEED=n] steelyard_tests_fleet -tc="fleet
//   world*"
#include "fleet_world.h"

using namespace fleet_test;

namespace {

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

TEST_CASE(
    "fleet world: whatever happens, nobody spends what was not granted (B17), after each event") {
  const std::uint64_t events = number("STEELYARD_FLEET_EVENTS", 20'000);
  const std::uint64_t first = number("STEELYARD_FLEET_SEED", 1);
  constexpr std::uint64_t per_seed = 1'000;
  FleetCounts all;
  for (std::uint64_t seed = first; all.events < events; ++seed) {
    CAPTURE(seed);
    FleetWorld world(seed, static_cast<int>(2 + seed % 4));
    const std::string failure = world.run(std::min(per_seed, events - all.events));
    REQUIRE_MESSAGE(failure.empty(), failure, "; seed ", seed);
    const FleetCounts& c = world.counts();
    for (auto member : {&FleetCounts::events,      &FleetCounts::held,     &FleetCounts::denied,
                        &FleetCounts::settled,     &FleetCounts::overruns, &FleetCounts::released,
                        &FleetCounts::syncs,       &FleetCounts::lost,     &FleetCounts::late,
                        &FleetCounts::crashes,     &FleetCounts::leaves,   &FleetCounts::lapses,
                        &FleetCounts::days,        &FleetCounts::limits,   &FleetCounts::top_ups,
                        &FleetCounts::corrections, &FleetCounts::restarts, &FleetCounts::granted,
                        &FleetCounts::returned,    &FleetCounts::rests})
      all.*member += c.*member;
  }
  MESSAGE(all.events, " events: ", all.held, " held, ", all.denied, " denied, ", all.settled,
          " settled, ", all.overruns, " overruns, ", all.released, " released, ", all.syncs,
          " calls (", all.lost, " lost, ", all.late, " late), ", all.granted, " grants, ",
          all.returned, " returns, ", all.crashes, " crashes, ", all.leaves, " farewells, ",
          all.lapses, " lapses, ", all.days, " days, ", all.limits, " limits, ", all.top_ups,
          " top-ups, ", all.corrections, " corrections, ", all.restarts, " restarts of the store, ",
          all.rests, " times at rest");
  if (events < 20'000) return;
  for (const std::uint64_t happened :
       {all.held, all.denied, all.settled, all.overruns, all.released, all.lost, all.late,
        all.crashes, all.leaves, all.lapses, all.days, all.limits, all.top_ups, all.corrections,
        all.restarts, all.granted, all.returned})
    CHECK(happened > 10);
}
