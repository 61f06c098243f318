// The store forgets, restarts, is told to forget.
#include "sharing_support.h"

using namespace fleet_test;

TEST_CASE("fleet: a store that lost everything hears what was granted before it grants again") {
  Fleet fleet(3, 1'000);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(fleet[i].sync(200));
    REQUIRE(fleet[i].take(200));
  }
  fleet.store.hashes.clear();
  fleet.store.restart();
  REQUIRE(fleet[0].sync(300));
  CHECK(fleet[0].sharing->status().learning);
  CHECK_FALSE(fleet[0].take(300));
  fleet.pass(1'000);
  REQUIRE(fleet[1].sync());
  REQUIRE(fleet[0].sync(300));
  CHECK_FALSE(fleet[0].take(300));
  REQUIRE(fleet[2].sync());
  fleet.pass(2'100);
  for (std::size_t i = 1; i < 3; ++i) REQUIRE(fleet[i].sync());
  REQUIRE(fleet[0].sync(401));
  CHECK_FALSE(fleet[0].take(401));
  for (int round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 3; ++i) REQUIRE(fleet[i].sync(i == 0 ? 400 : 0));
  CHECK(fleet[0].take(400));
  CHECK(fleet.of("granted") == 1'000);
}

TEST_CASE("fleet: after a restart that forgot a grant, whoever has it says so first") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(100));
  const auto before = fleet.store.hashes;
  REQUIRE(fleet[0].sync(600));
  REQUIRE(fleet[0].take(600));
  fleet.store.hashes = before;  // its last write was not on the disk
  fleet.store.restart();
  REQUIRE(fleet[1].sync(600));
  CHECK(fleet[1].sharing->status().learning);
  CHECK_FALSE(fleet[1].take(600));
  REQUIRE(fleet[0].sync());
  REQUIRE(fleet[1].sync(600));
  CHECK_FALSE(fleet[1].sharing->status().learning);  // all who were there have been heard
  CHECK_FALSE(fleet[1].take(600));
  CHECK(fleet.of("granted") <= 1'000);
}

TEST_CASE(
    "fleet: who is forgotten has spent all it was granted; when it comes back it says better") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(400));
  REQUIRE(fleet[0].take(100));
  REQUIRE(fleet[0].sync());
  const Result<NanoUsd> spent = fleet[1].sharing->forget("r0");
  REQUIRE(spent.has_value());
  CHECK(spent->v == 400);
  CHECK(fleet.of("p:r0") == 400);
  CHECK(fleet.of("granted") == 400);  // never given back
  fleet.pass(1'100);
  REQUIRE(fleet[1].sync(700));
  CHECK_FALSE(fleet[1].take(700));
  CHECK(fleet[1].window().share.posted.v == 400);
  CHECK_FALSE(fleet[1].sharing->forget("nobody").has_value());
  // It was not dead.
  CHECK_FALSE(fleet[0].sync());
  REQUIRE(fleet[0].sync());
  CHECK(fleet.of("p:r0") == 0);
  CHECK(fleet.of("h:r0") == 100);
  REQUIRE(fleet[0].take(300));
}
