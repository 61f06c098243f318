// 200,000 events in ./dev test; the long form, on a release build:
//   STEELYARD_WORLD_EVENTS=10000000 [STEELYARD_WORLD_SEED=n] steelyard_tests_ledger -tc="world*"
#include "books_world.h"

using namespace ledger_test;

namespace {

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

TEST_CASE("world: whatever happens, the books are what the mirror says, after each event") {
  const std::uint64_t events = number("STEELYARD_WORLD_EVENTS", 200'000);
  const std::uint64_t first = number("STEELYARD_WORLD_SEED", 1);
  constexpr std::uint64_t per_seed = 20'000;
  WorldCounts all;
  for (std::uint64_t seed = first; all.events < events; ++seed) {
    CAPTURE(seed);
    BooksWorld world(seed);
    const std::string failure = world.run(std::min(per_seed, events - all.events));
    REQUIRE_MESSAGE(failure.empty(), failure, "; seed ", seed);
    const WorldCounts& c = world.counts();
    for (auto member :
         {&WorldCounts::events,   &WorldCounts::held,         &WorldCounts::denied,
          &WorldCounts::settled,  &WorldCounts::overruns,     &WorldCounts::released,
          &WorldCounts::expired,  &WorldCounts::late,         &WorldCounts::crashes,
          &WorldCounts::torn,     &WorldCounts::reloads,      &WorldCounts::adjusted,
          &WorldCounts::down,     &WorldCounts::bursts,       &WorldCounts::strangers,
          &WorldCounts::keyed,    &WorldCounts::full_disks,   &WorldCounts::idle,
          &WorldCounts::extended, &WorldCounts::not_extended, &WorldCounts::late_extensions,
          &WorldCounts::syncs,    &WorldCounts::broken_disks})
      all.*member += c.*member;
    all.digest = all.digest * 31 + c.digest;
  }
  MESSAGE(all.events, " events: ", all.held, " held, ", all.denied, " denied, ", all.settled,
          " settled, ", all.overruns, " overruns, ", all.released, " released, ", all.expired,
          " expired, ", all.late, " late bills, ", all.crashes, " crashes (", all.torn, " torn), ",
          all.reloads, " reloads, ", all.adjusted, " adjusted, ", all.down, " times down, ",
          all.bursts, " bursts, ", all.strangers, " of another organisation, ", all.keyed,
          " with keys, ", all.full_disks, " full disks, ", all.idle, " at rest, ", all.extended,
          " extended, ", all.not_extended, " not extended, ", all.late_extensions,
          " in a window that had passed, ", all.syncs, " syncs, ", all.broken_disks,
          " that failed; digest ", all.digest);
  // A simulation in which nothing happens proves nothing.
  if (events < 100'000) return;
  CHECK(all.held > events / 10);
  CHECK(all.denied > events / 100);
  CHECK(all.settled > events / 20);
  for (const std::uint64_t happened :
       {all.overruns, all.released, all.expired, all.late, all.crashes, all.torn, all.reloads,
        all.adjusted, all.bursts, all.strangers, all.keyed, all.full_disks, all.extended,
        all.not_extended, all.late_extensions, all.down, all.syncs, all.broken_disks})
    CHECK(happened > 10);
}

TEST_CASE("world: a seed is a run, to the last balance and record") {
  std::uint64_t first = 0;
  for (int run = 0; run < 3; ++run) {
    BooksWorld world(run < 2 ? 77 : 78);
    REQUIRE(world.run(20'000) == "");
    CHECK(world.counts().full_disks > 0);
    if (run == 0) first = world.counts().digest;
    CHECK((world.counts().digest == first) == (run < 2));
  }
}
