// Stories of a shared budget: what is granted, kept, given back, lost and found.
#include "sharing_support.h"

using namespace fleet_test;
using Fault = fleet::Link::Fault;

TEST_CASE(
    "fleet: nothing is spent that was not granted, and near the limit exactly what is needed") {
  Fleet fleet(2, 1'000);
  CHECK_FALSE(fleet[0].take(1));
  REQUIRE(fleet[0].sync(100));
  CHECK(fleet[0].room() == 250);  // a quarter; half of it by two replicas
  CHECK(fleet[0].take(100));
  CHECK(fleet[0].take(150));
  CHECK_FALSE(fleet[0].take(1));
  REQUIRE(fleet[1].sync(700));
  CHECK(fleet[1].room() == 700);
  CHECK(fleet[1].take(700));
  REQUIRE(fleet[0].sync(50));  // of the last 50: all
  CHECK(fleet[0].take(50));
  CHECK(fleet.of("granted") == 1'000);
  REQUIRE(fleet[1].sync(1));
  CHECK_FALSE(fleet[1].take(1));
}

TEST_CASE("fleet: a grant whose answer is lost neither leaks nor counts twice") {
  Fleet fleet(2, 1'000);
  fleet[0].link.next = Fault::answer_lost;
  CHECK_FALSE(fleet[0].sync(100));
  CHECK(fleet[0].room() == 0);
  CHECK(fleet.of("g:r0") == 250);
  REQUIRE(fleet[0].sync(100));
  CHECK(fleet[0].room() == 250);
  CHECK(fleet.of("granted") == 250);
}

TEST_CASE("fleet: a call that comes late changes nothing") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(200));
  CHECK(fleet[0].room() == 250);
  // It gives all of it back, and the call stays on its way.
  REQUIRE(fleet[1].sync(900));  // marks that it is wanted
  REQUIRE(fleet[0].sync());     // sees that
  fleet[0].link.next = Fault::late;
  CHECK_FALSE(fleet[0].sync());
  CHECK(fleet[0].room() == 0);
  REQUIRE(fleet[0].sync(300));
  const std::int64_t room = fleet[0].room();
  REQUIRE(room >= 300);
  REQUIRE(fleet[0].take(room));
  fleet[0].link.deliver_late();
  CHECK(fleet.of("g:r0") == room);
}

TEST_CASE("fleet: a call of an earlier process changes nothing either") {
  Fleet fleet(1, 1'000);
  REQUIRE(fleet[0].sync(200));
  fleet[0].link.next = Fault::late;
  CHECK_FALSE(fleet[0].sync());
  fleet::SharingOptions next;
  next.id = "id-r0";
  next.generation = 2;
  Member again(fleet.store, "r0", 1'000, next);
  REQUIRE(again.sync(800));
  REQUIRE(again.take(800));
  fleet[0].link.deliver_late();
  CHECK(fleet.of("g:r0") == again.room());
  // The old one, should it still live, is told that it is over: nothing is left to it.
  CHECK_FALSE(fleet[0].sync());
  CHECK_FALSE(fleet[0].sync());
  fleet[0].sharing->lapse(fleet[0].tick);
  CHECK_FALSE(fleet[0].take(1));
  CHECK(fleet[0].sharing->status().error.find("newer process") != std::string::npos);
}

TEST_CASE("fleet: a name belongs to one directory, and to one process of it") {
  Fleet fleet(1, 1'000);
  REQUIRE(fleet[0].sync(200));
  fleet::SharingOptions other;
  other.id = "another directory";
  Member stranger(fleet.store, "r0", 1'000, other);
  CHECK_FALSE(stranger.sync(1));
  CHECK(stranger.sharing->name_taken());
  Member copy(fleet.store, "r0", 1'000);  // same id, same generation: a copy of the directory
  copy.sharing.reset();
  fleet::SharingOptions options;
  options.replica = "r0";
  options.id = "id-r0";
  options.nonce = "of the copy";
  fleet::Sharing sharing(*copy.books, copy.link, options);
  CHECK_FALSE(sharing.sync(copy.tick, {}).has_value());
  CHECK(sharing.name_taken());
}

TEST_CASE("fleet: pieces that are too small each are put together") {
  Fleet fleet(3, 1'000);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(fleet[i].sync(1));
    REQUIRE(fleet[i].take(fleet[i].room() - 40));  // 40 are left to each
  }
  const std::int64_t left = 1'000 - fleet.of("granted");
  REQUIRE(fleet[0].sync(left + 100));
  CHECK(fleet[0].sharing->prospects()[0] == Prospect::open);
  CHECK_FALSE(fleet[0].take(left + 100));
  fleet.pass(1);
  REQUIRE(fleet[1].sync());
  CHECK(fleet[1].sharing->again());
  REQUIRE(fleet[1].sync());
  REQUIRE(fleet[2].sync());
  REQUIRE(fleet[2].sync());
  REQUIRE(fleet[0].sync(left + 100));
  CHECK(fleet[0].sharing->prospects()[0] == Prospect::ready);
  CHECK(fleet[0].take(left + 100));
  // Now nobody has more than 20 of the last 20, and everybody has said so.
  fleet.pass(1'500);
  for (int round = 0; round < 3; ++round) {
    fleet.pass(1);
    for (std::size_t i = 0; i < 3; ++i) REQUIRE(fleet[i].sync(i == 0 ? 21 : 0));
  }
  REQUIRE(fleet[0].sync(21));
  CHECK(fleet[0].sharing->prospects()[0] == Prospect::none);
  REQUIRE(fleet[0].sync(20));
  CHECK(fleet[0].take(20));
}

TEST_CASE("fleet: who is silent keeps what it was granted, and all of it may be spent") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(400));
  fleet.pass(60'000);  // many leases
  REQUIRE(fleet[1].sync(700));
  CHECK_FALSE(fleet[1].take(700));
  REQUIRE(fleet[1].sync(600));
  CHECK(fleet[1].take(600));
  CHECK(fleet[1].window().share.held.v == 400);
  CHECK(fleet[0].take(400));  // it was only asleep
  REQUIRE(fleet[0].sync());
  CHECK(fleet.of("granted") == 1'000);
}

TEST_CASE("fleet: what is billed above a hold takes room from all") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(200));
  REQUIRE(fleet[0].take(250));
  fleet[0].settle(650);  // 400 too many
  REQUIRE(fleet[0].sync());
  CHECK(fleet.of("g:r0") == 650 + 87);  // and a slice ahead: it runs low
  for (const std::int64_t wanted : {351, 350}) {
    for (int round = 0; round < 3; ++round)
      for (std::size_t i = 0; i < 2; ++i) REQUIRE(fleet[i].sync(i == 1 ? wanted : 0));
    CHECK(fleet[1].take(wanted) == (wanted == 350));
  }
  fleet[1].settle(900);
  REQUIRE(fleet[1].sync());
  CHECK(fleet.of("granted") == 1'550);  // told as it is, above the limit
}

TEST_CASE("fleet: what is claimed and was not heard is no room") {
  Fleet fleet(1, 1'000);
  REQUIRE(fleet[0].sync(200));
  REQUIRE(fleet[0].take(150));
  REQUIRE(fleet[0].take(100));
  fleet[0].settle(200);  // 100 above; 350 used of 250
  fleet[0].link.next = Fault::call_lost;
  CHECK_FALSE(fleet[0].sync());
  fleet[0].settle(0);  // the other one cost nothing: 200 used
  CHECK_FALSE(fleet[0].take(51));
  CHECK(fleet[0].take(50));
}

TEST_CASE("fleet: without the store for a lease nothing new is spent, or what was granted is") {
  for (const bool lapses : {true, false}) {
    CAPTURE(lapses);
    fleet::LuaStore store;
    fleet::SharingOptions options;
    options.lapses = lapses;
    Member one(store, "r0", 1'000, options);
    REQUIRE(one.sync(100));
    REQUIRE(one.take(100));
    one.link.down = true;
    one.tick = one.tick.plus_ms(1'999);
    CHECK_FALSE(one.sync());
    one.sharing->lapse(one.tick);
    CHECK(one.take(10));
    one.tick = one.tick.plus_ms(1);
    one.sharing->lapse(one.tick);
    CHECK(one.room() == (lapses ? 110 : 250));
    CHECK(one.take(10) == !lapses);
    one.link.down = false;
    store.now_ms += 2'000;
    REQUIRE(one.sync());
    CHECK(one.take(10));
  }
}

TEST_CASE("fleet: a limit that falls takes back what is not used; a top-up counts for all") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(400));
  REQUIRE(fleet[0].take(100));
  REQUIRE(fleet[1].sync(200));
  for (std::size_t i = 0; i < 2; ++i) fleet[i].configure(300);
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < 2; ++i) REQUIRE(fleet[i].sync());
  CHECK(fleet.of("granted") <= 300);
  REQUIRE(fleet[0].books->adjust({"acme", std::nullopt}, AdjustReason::top_up, {500}, "", may(1)));
  REQUIRE(fleet[0].sync());
  fleet.pass(1'100);
  REQUIRE(fleet[1].sync(700));
  REQUIRE(fleet[0].sync());
  REQUIRE(fleet[0].sync());
  REQUIRE(fleet[1].sync(700));
  CHECK(fleet[1].take(700));
  CHECK(fleet[1].books->view(fleet[1].chain, may(1)).accounts[0].limit.v == 800);
}

TEST_CASE("fleet: everybody sees what all have spent, and thresholds count it") {
  Fleet fleet(2, 1'000);
  REQUIRE(fleet[0].sync(600));
  REQUIRE(fleet[0].take(600));
  fleet[0].settle(600);
  REQUIRE(fleet[0].sync());
  fleet.pass(1'100);
  REQUIRE(fleet[1].sync(1));
  const AccountView view = fleet[1].books->view(fleet[1].chain, may(1)).accounts[0];
  CHECK(view.posted.v == 600);
  CHECK(view.percent_used == 60);
  CHECK(view.remaining().v == 400);
  const Reservation refused =
      fleet[1].books->reserve(fleet[1].chain, key(99), {500}, may(1), fleet[1].tick);
  REQUIRE(refused.status == Admission::denied);
  CHECK(refused.denial.limit.v == 1'000);
  CHECK(refused.denial.posted.v == 600);
  CHECK(fleet[1].books->fleet_room(fleet[1].chain, {500}) == FleetRoom::nowhere);
  CHECK(fleet[1].books->fleet_room(fleet[1].chain, {400}) == FleetRoom::elsewhere);
}

TEST_CASE("fleet: sums are exact up to the largest limit") {
  constexpr std::int64_t most = fleet_limit_max.v;
  Fleet fleet(2, most);
  REQUIRE(fleet[0].sync(most - 1));
  CHECK(fleet[0].room() == most - 1);
  REQUIRE(fleet[1].sync(2));
  CHECK(fleet[1].room() == 0);
  REQUIRE(fleet[1].sync(1));
  CHECK(fleet[1].room() == 1);
  CHECK(fleet.of("granted") == most);
}

TEST_CASE("fleet: a grant belongs to its window") {
  Fleet fleet(1, 1'000);
  REQUIRE(fleet[0].sync(200));
  std::vector<FleetSlice> slices;
  fleet[0].books->visit_fleet([&](const FleetSlice& slice) { slices.push_back(slice); });
  FleetSlice passed = slices.at(0);
  passed.window.start = Instant{passed.window.start.ns - 1};
  CHECK_FALSE(fleet[0].books->give_share(passed, {{900}, {}, {}, {}}));
  CHECK(fleet[0].books->limit_share(passed, {0}).v < 0);
  CHECK(fleet[0].room() == 250);
  CHECK_FALSE(fleet[0].take(251));
}
