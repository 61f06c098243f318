#include "router/ledger/amounts.h"
#include "support.h"

using namespace ledger_test;

TEST_CASE("ledger: who has room") {
  struct Row {
    const char* why;
    std::int64_t limit, posted, held, ask;
    bool ok;
  };
  for (const Row& row :
       {Row{"empty", 100, 0, 0, 100, true}, Row{"one too many", 100, 0, 0, 101, false},
        Row{"exactly fits", 100, 40, 50, 10, true}, Row{"held counts", 100, 40, 50, 11, false},
        Row{"nothing left, nothing asked", 100, 100, 0, 0, true},
        Row{"a limit of zero blocks", 0, 0, 0, 1, false}, Row{"free is free", 0, 0, 0, 0, true},
        Row{"no wrap at the end of int64", INT64_MAX, INT64_MAX - 1, 0, INT64_MAX, false},
        Row{"the last nano-dollar", INT64_MAX, INT64_MAX - 1, 0, 1, true},
        Row{"a negative amount is refused", 100, 0, 0, -1, false}}) {
    CAPTURE(row.why);
    Bench b({budget(row.limit)});
    if (row.posted != 0) b.ledger.settle(b.reserve(1, row.posted).hold, {row.posted}, {});
    if (row.held != 0) REQUIRE(b.reserve(2, row.held).status == ReserveStatus::held);
    CHECK((b.reserve(3, row.ask).status == ReserveStatus::held) == row.ok);
    CHECK(b.ledger.check_invariants() == "");
  }
}

TEST_CASE("ledger: a denial says everything, and changes nothing") {
  Bench b({budget(100, WindowKind::month), budget(30, WindowKind::day), budget(50)});
  const ReserveOutcome first = b.reserve(1, 20);
  REQUIRE(first.status == ReserveStatus::held);
  b.ledger.settle(first.hold, {15}, {});
  REQUIRE(b.reserve(2, 10).status == ReserveStatus::held);

  const ReserveOutcome no = b.reserve(3, 6);
  REQUIRE(no.status == ReserveStatus::denied);
  CHECK(no.denial.account == b.ids[1]);
  CHECK(no.denial.scope == "level1");
  CHECK(no.denial.per == WindowKind::day);
  CHECK(no.denial.limit.v == 30);
  CHECK(no.denial.posted.v == 15);
  CHECK(no.denial.held.v == 10);
  CHECK(no.denial.asked.v == 6);
  CHECK(no.denial.resets_at == may(2, 0));
  for (std::size_t level = 0; level < 3; ++level) {
    CHECK(b.view(level).held.v == 10);
    CHECK(b.view(level).posted.v == 15);
  }
  CHECK(b.ledger.open_holds() == 1);
  CHECK(b.reserve(3, 5).status == ReserveStatus::held);  // the key was not used up
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: a lifetime budget never resets") {
  Bench b({budget(10)});
  const ReserveOutcome no = b.reserve(1, 11);
  CHECK(no.denial.resets_at.ns == INT64_MAX);
  b.ledger.settle(b.reserve(2, 10).hold, {10}, {});
  CHECK(b.reserve(3, 1, may(31)).status == ReserveStatus::denied);
  CHECK(b.view(0, Instant::from_seconds(9'000'000'000)).posted.v == 10);
}

TEST_CASE("ledger: the second end changes nothing and says how the first went") {
  struct Row {
    const char* why;
    bool dispatched;
    int first;  // 0 settle 7, 1 release, 2 expire
    HoldState state;
    std::int64_t posted;
  };
  for (const Row& row : {Row{"settled", true, 0, HoldState::posted, 7},
                         Row{"settled although not dispatched", false, 0, HoldState::posted, 7},
                         Row{"released", true, 1, HoldState::voided, 0},
                         Row{"released before dispatch", false, 1, HoldState::voided, 0},
                         Row{"expired in flight: in full", true, 2, HoldState::expired, 10},
                         Row{"expired before dispatch", false, 2, HoldState::voided, 0}}) {
    CAPTURE(row.why);
    Bench b({budget(100), budget(200)});
    const HoldRef hold = b.reserve(1, 10, may(1), Tick{50}).hold;
    if (row.dispatched) REQUIRE(b.ledger.dispatch(hold));
    if (row.first == 0) CHECK(b.ledger.settle(hold, {7}, {}).state == row.state);
    if (row.first == 1) CHECK(b.ledger.release(hold).state == row.state);
    if (row.first == 2) {
      CHECK(b.ledger.expire({49}) == 0);
      std::vector<ExpiredHold> ended;
      CHECK(b.ledger.expire({50}, &ended) == 1);
      REQUIRE(ended.size() == 1);
      CHECK(ended[0].state == row.state);
      CHECK(ended[0].key == key(1));
      CHECK(ended[0].amount.v == 10);
    }
    for (int again = 0; again < 2; ++again) {
      const EndOutcome settled = b.ledger.settle(hold, {9}, {});
      CHECK(settled.already);
      CHECK(settled.state == row.state);
      CHECK(settled.posted.v == row.posted);
      CHECK(b.ledger.release(hold).already);
      CHECK(b.ledger.expire({INT64_MAX - 1}) == 0);
      CHECK_FALSE(b.ledger.dispatch(hold));
      CHECK_FALSE(b.ledger.renew(hold, {99}));
    }
    for (std::size_t level = 0; level < 2; ++level) {
      CHECK(b.view(level).posted.v == row.posted);
      CHECK(b.view(level).held.v == 0);
    }
    CHECK(b.reserve(1, 1).status == ReserveStatus::exists);  // the key stays used
    CHECK(b.ledger.check_invariants() == "");
  }
}

TEST_CASE("ledger: stale references are recognised after the slot was used again") {
  Bench b({budget(1'000'000)});
  const HoldRef old = b.reserve(1, 1).hold;
  b.ledger.release(old);
  for (std::uint64_t n = 2; n < 2'000; ++n) b.ledger.release(b.reserve(n, 1).hold);
  const EndOutcome again = b.ledger.settle(old, {1}, {});
  CHECK(again.already);
  CHECK(again.state == HoldState::unknown);
  CHECK(b.ledger.settle({}, {1}, {}).already);
  CHECK(b.view().posted.v == 0);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: a lease that is renewed does not end") {
  Bench b({budget(100)});
  const HoldRef hold = b.reserve(1, 10, may(1), Tick{50}).hold;
  CHECK(b.ledger.renew(hold, {80}));
  CHECK(b.ledger.renew(hold, {60}));  // never shorter
  CHECK(b.ledger.expire({79}) == 0);
  CHECK(b.ledger.expire({80}) == 1);
}

TEST_CASE("ledger: a hold is extended in all its windows or in none") {
  Bench b({budget(100), budget(60)});
  const HoldRef hold = b.reserve(1, 40).hold;
  CHECK(b.ledger.dispatch(hold));
  CHECK(b.ledger.extend(hold, {20}).status == ReserveStatus::held);
  CHECK(b.view(0).held.v == 60);
  CHECK(b.view(1).held.v == 60);
  const ReserveOutcome refused = b.ledger.extend(hold, {1});
  CHECK(refused.status == ReserveStatus::denied);
  CHECK(refused.denial.scope == "level1");
  CHECK(refused.denial.limit.v == 60);
  CHECK(refused.denial.held.v == 60);
  CHECK(b.view(0).held.v == 60);
  CHECK(b.ledger.extend(hold, {0}).status == ReserveStatus::held);
  CHECK(b.ledger.extend(hold, {-1}).status == ReserveStatus::refused);
  CHECK(b.ledger.extend(hold, {INT64_MAX}).status == ReserveStatus::refused);
  const EndOutcome end = b.ledger.settle(hold, {55}, UsageSource::provider);
  CHECK(end.overrun.v == 0);
  CHECK(b.view(0).posted.v == 55);
  CHECK(b.view(0).held.v == 0);
  CHECK(b.ledger.extend(hold, {1}).status == ReserveStatus::refused);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: in a window that has closed a hold grows within what the window had") {
  Bench b({budget(100, WindowKind::day)});
  const HoldRef hold = b.reserve(1, 40).hold;
  CHECK(b.reserve(2, 90, may(2)).status == ReserveStatus::held);  // the next day has its own room
  CHECK(b.ledger.extend(hold, {61}).status == ReserveStatus::denied);
  CHECK(b.ledger.extend(hold, {60}).status == ReserveStatus::held);
  CHECK(b.view(0, may(2)).held.v == 90);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: a window closes with the limit it has then, lowered or not") {
  Bench b({budget(100, WindowKind::day)});
  const auto limit = [&](std::int64_t nano) {
    REQUIRE(
        b.ledger
            .configure(std::vector<AccountSpec>{{"level0", budget(nano, WindowKind::day)}}, b.zones)
            .has_value());
  };
  const HoldRef one = b.reserve(1, 80).hold, two = b.reserve(2, 10).hold;
  limit(50);  // 90 are in use
  CHECK(b.reserve(3, 50, may(2)).status == ReserveStatus::held);
  CHECK(b.ledger.release(one).already == false);
  CHECK(b.ledger.extend(two, {41}).status == ReserveStatus::denied);
  limit(1'000);  // of the running window
  const ReserveOutcome refused = b.ledger.extend(two, {41});
  CHECK(refused.status == ReserveStatus::denied);
  CHECK(refused.denial.limit.v == 50);
  CHECK(b.ledger.extend(two, {40}).status == ReserveStatus::held);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: a correction below zero changes nothing") {
  for (const WindowKind per : {WindowKind::lifetime, WindowKind::day, WindowKind::rolling}) {
    CAPTURE(static_cast<int>(per));
    BudgetSpec spec = budget(100, per);
    spec.rolling_s = per == WindowKind::rolling ? 86'400 : 0;
    Bench b({spec});
    const Instant start = b.ledger.current_window(b.ids[0], may(1));
    CHECK_FALSE(b.ledger.adjust(b.ids[0], start, {-1}, {}));
    b.ledger.settle(b.reserve(1, 40).hold, {40}, {});
    CHECK_FALSE(b.ledger.adjust(b.ids[0], start, {-41}, {}));
    CHECK_FALSE(b.ledger.adjust(b.ids[0], start, {INT64_MAX}, {}));
    CHECK(b.view().posted.v == 40);
    CHECK(b.ledger.adjust(b.ids[0], start, {-40}, {}));
    CHECK(b.view().posted.v == 0);
  }
}

TEST_CASE("ledger: billed above the hold is booked in full and said") {
  Bench b({budget(100)});
  const HoldRef hold = b.reserve(1, 90).hold;
  b.ledger.dispatch(hold);
  const EndOutcome end = b.ledger.settle(hold, {130}, UsageSource::provider);
  CHECK(end.posted.v == 130);
  CHECK(end.overrun.v == 40);
  CHECK(b.view().posted.v == 130);
  CHECK(b.view().overrun.v == 40);
  CHECK(b.view().remaining().v == -30);
  CHECK(b.reserve(2, 1).status == ReserveStatus::denied);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: an account named twice, or unknown, is refused") {
  Bench b({budget(100)});
  const AccountId twice[] = {b.ids[0], b.ids[0]}, unknown[] = {AccountId{7}};
  CHECK(b.ledger.reserve({key(1), twice, {60}, may(1), {1}}).status == ReserveStatus::refused);
  CHECK(b.ledger.reserve({key(1), unknown, {60}, may(1), {1}}).status == ReserveStatus::refused);
  std::vector<AccountId> many(limits::windows_per_request_max + 1);
  CHECK(b.ledger.reserve({key(1), many, {60}, may(1), {1}}).status == ReserveStatus::refused);
  CHECK(b.ledger.reserve({key(1), {}, {60}, may(1), {1}}).status == ReserveStatus::held);
  CHECK(b.view().held.v == 0);
}

TEST_CASE("ledger: what is enforced") {
  using enum ThresholdAction;
  struct Row {
    const char* why;
    std::vector<Threshold> at;
    std::int64_t enforced;
  };
  for (const Row& row :
       {Row{"100 % blocks by itself", {}, 1'000},
        Row{"a warning changes nothing", {at(80, warn)}, 1'000},
        Row{"said aloud", {at(100, block)}, 1'000}, Row{"soft", {at(100, warn)}, INT64_MAX},
        Row{"soft with a ladder", {at(100, max_tier, "economy")}, INT64_MAX},
        Row{"soft, and warns again", {at(100, warn), at(120, warn)}, INT64_MAX},
        Row{"only 100 % decides", {at(50, warn), at(90, max_tier, "economy")}, 1'000}}) {
    CAPTURE(row.why);
    BudgetSpec spec = budget(1'000);
    spec.thresholds = row.at;
    CHECK(spec.enforced_limit().v == row.enforced);
  }
}

TEST_CASE("ledger: a soft budget is counted and never denies") {
  BudgetSpec soft = budget(100);
  soft.thresholds = {at(100, ThresholdAction::warn)};
  Bench b({soft});
  for (std::uint64_t n = 1; n <= 5; ++n) {
    const ReserveOutcome held = b.reserve(n, 100);
    REQUIRE(held.status == ReserveStatus::held);
    b.ledger.settle(held.hold, {100}, {});
  }
  CHECK(b.view().posted.v == 500);
  CHECK_FALSE(b.view().hard);
  CHECK(b.view().percent_used == 500);
  CHECK(b.view().remaining().v == INT64_MAX);
  // Made hard, it blocks at once; what was spent stays.
  b.ids = *b.ledger.configure(std::vector<AccountSpec>{{"level0", budget(100)}}, b.zones);
  CHECK(b.view().posted.v == 500);
  CHECK(b.reserve(9, 1).status == ReserveStatus::denied);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: a new limit applies at once, usage is kept") {
  Bench b({budget(100, WindowKind::month)});
  const HoldRef open = b.reserve(1, 30).hold;
  b.ledger.settle(b.reserve(2, 50).hold, {50}, {});
  const auto relimit = [&](std::int64_t limit) {
    const auto ids = b.ledger.configure(
        std::vector<AccountSpec>{{"level0", budget(limit, WindowKind::month)}}, b.zones);
    REQUIRE(ids.has_value());
    CHECK((*ids)[0] == b.ids[0]);
    CHECK(b.ledger.check_invariants() == "");
  };
  relimit(60);
  CHECK(b.view().posted.v == 50);
  CHECK(b.view().held.v == 30);
  CHECK(b.reserve(3, 1).status == ReserveStatus::denied);
  relimit(200);
  CHECK(b.reserve(4, 120).status == ReserveStatus::held);
  CHECK(b.reserve(5, 1).status == ReserveStatus::denied);
  b.ledger.settle(open, {30}, {});
  CHECK(b.ledger.account_count() == 1);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("ledger: configurations that are refused change nothing") {
  Bench b({budget(100)});
  BudgetSpec nowhere = budget(5, WindowKind::day), negative = budget(-1);
  nowhere.time_zone = "Europe/Atlantis";
  const std::vector<AccountSpec> bad[] = {
      {{"level0", budget(7)}, {"x", nowhere}},
      {{"level0", budget(7)}, {"x", negative}},
      {{"level0", budget(7)}, {"x", budget(1)}, {"x", budget(2)}}};
  for (const std::vector<AccountSpec>& specs : bad) {
    CHECK_FALSE(b.ledger.configure(specs, b.zones).has_value());
    CHECK(b.ledger.account_count() == 1);
    CHECK(b.view().limit.v == 100);
  }
}

TEST_CASE("ledger: bills beyond the range of int64 stop at its end") {
  BudgetSpec soft = budget(100);
  soft.thresholds = {at(100, ThresholdAction::warn)};
  Bench b({soft});
  for (std::uint64_t n = 1; n <= 3; ++n) b.ledger.settle(b.reserve(n, 0).hold, {INT64_MAX - 5}, {});
  CHECK(b.view().posted.v == INT64_MAX);
  CHECK(b.view().overrun.v == INT64_MAX);
  CHECK(b.view().percent_used == INT32_MAX);
  CHECK(b.reserve(9, 1).status == ReserveStatus::denied);  // cannot be counted any more
}

TEST_CASE("ledger: the last nano-dollar of large sums counts") {
  const std::int64_t large = 4'000'000'000'000'000'001;  // no double holds it
  Bench b({budget(2 * large)});
  REQUIRE(b.reserve(1, large).status == ReserveStatus::held);
  const HoldRef hold = b.reserve(2, large).hold;
  CHECK(b.reserve(3, 1).status == ReserveStatus::denied);
  b.ledger.settle(hold, {large - 2}, UsageSource::provider);
  CHECK(b.view().posted.v == large - 2);
  CHECK(b.reserve(4, 3).status == ReserveStatus::denied);
  CHECK(b.reserve(5, 2).status == ReserveStatus::held);
}
