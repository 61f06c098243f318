#include "support.h"

using namespace ledger_test;

TEST_CASE("windows: a charge lands in the window fixed at reserve") {
  Bench b({budget(100, WindowKind::day), budget(1'000, WindowKind::month)});
  const HoldRef late = b.reserve(1, 40, may(31, 23, 59)).hold;
  b.ledger.dispatch(late);
  const Instant next = Instant{may(31).ns + 86'400 * Instant::kPerSecond};  // 1 June
  REQUIRE(b.reserve(2, 70, next).status == ReserveStatus::held);
  CHECK(b.view(0, next).held.v == 70);
  CHECK(b.ledger.windows(b.ids[0]).size() == 2);

  b.ledger.settle(late, {35}, {});
  CHECK(b.view(0, next).posted.v == 0);
  CHECK(b.view(1, next).posted.v == 0);
  CHECK(b.ledger.windows(b.ids[0]).size() == 1);  // the old one had no other hold
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("windows: an old window lives as long as its holds") {
  Bench b({budget(100, WindowKind::day)});
  std::vector<HoldRef> holds;
  for (int day = 1; day <= 20; ++day)
    holds.push_back(b.reserve(static_cast<std::uint64_t>(day), 10, may(day)).hold);
  CHECK(b.ledger.windows(b.ids[0]).size() == 20);
  for (std::size_t i = 0; i < holds.size(); ++i) {
    const WindowBalance oldest = b.ledger.windows(b.ids[0])[0];
    CHECK(oldest.start == may(static_cast<int>(i) + 1, 0));
    b.ledger.settle(holds[i], {3}, {});
    CHECK(b.ledger.check_invariants() == "");
  }
  const std::vector<WindowBalance> left = b.ledger.windows(b.ids[0]);
  REQUIRE(left.size() == 1);
  CHECK(left[0].start == may(20, 0));
  CHECK(left[0].posted.v == 3);
}

TEST_CASE("windows: a clock that steps back never opens a closed window again") {
  Bench b({budget(100, WindowKind::day)});
  b.ledger.settle(b.reserve(1, 60, may(10)).hold, {60}, {});
  REQUIRE(b.reserve(2, 50, may(11)).status == ReserveStatus::held);
  // Back on the 10th: still counted against the 11th.
  CHECK(b.reserve(3, 60, may(10)).status == ReserveStatus::denied);
  CHECK(b.reserve(4, 50, may(10)).status == ReserveStatus::held);
  CHECK(b.view(0, may(10)).window_start == may(11, 0));
  CHECK(b.view(0, may(10)).held.v == 100);
  CHECK(b.reserve(5, 1, may(11)).status == ReserveStatus::denied);
  CHECK(b.reserve(6, 100, may(12)).status == ReserveStatus::held);
}

TEST_CASE("windows: a view after the end of the window is the new, empty one") {
  Bench b({budget(100, WindowKind::month)});
  b.ledger.settle(b.reserve(1, 60, may(10)).hold, {60}, {});
  const Instant june = Instant{may(31).ns + 2 * 86'400 * Instant::kPerSecond};
  const AccountView view = b.view(0, june);
  CHECK(view.posted.v == 0);
  CHECK(view.percent_used == 0);
  CHECK(view.window_start == Instant{may(31, 0).ns + 86'400 * Instant::kPerSecond});
  CHECK(b.view(0, may(11)).posted.v == 60);  // looking changes nothing
}

TEST_CASE("windows: restored balances count, and only forwards") {
  Bench b({budget(100, WindowKind::day)});
  b.ledger.restore(b.ids[0], {may(5, 0), may(6, 0), {90}, {0}, {7}, 80, {}});
  CHECK(b.view(0, may(5)).posted.v == 90);
  CHECK(b.view(0, may(5)).overrun.v == 7);
  CHECK(b.reserve(1, 11, may(5)).status == ReserveStatus::denied);
  CHECK(b.reserve(2, 10, may(5)).status == ReserveStatus::held);
  b.ledger.restore(b.ids[0], {may(4, 0), may(5, 0), {1}, {0}, {0}, 0, {}});
  CHECK(b.view(0, may(5)).posted.v == 90);
  CHECK(b.ledger.check_invariants() == "");
}

namespace {

BudgetSpec laddered() {
  BudgetSpec spec = budget(1'000, WindowKind::day);
  spec.thresholds = {at(95, ThresholdAction::max_tier, "economy"), at(50, ThresholdAction::warn),
                     at(80, ThresholdAction::warn)};
  return spec;
}

std::vector<std::int32_t> take(Bench& b) {
  std::vector<std::int32_t> percents;
  for (const Crossing& c : b.ledger.crossings()) percents.push_back(c.percent);
  b.ledger.clear_crossings();
  return percents;
}

using Percents = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("thresholds: said once per window, when posted reaches them") {
  Bench b({laddered()});
  std::uint64_t n = 0;
  const auto spend = [&](std::int64_t amount, Instant now) {
    const ReserveOutcome held = b.reserve(++n, amount, now);
    REQUIRE(held.status == ReserveStatus::held);
    CHECK(take(b).empty());  // a hold is not spending
    b.ledger.settle(held.hold, {amount}, {});
  };
  spend(499, may(1));
  CHECK(take(b) == Percents{});
  spend(1, may(1));
  CHECK(b.ledger.crossings()[0].posted.v == 500);
  CHECK(take(b) == Percents{50});
  CHECK(b.view(0).max_tier == "");
  spend(460, may(1));
  CHECK(take(b) == Percents{80, 95});
  CHECK(b.view(0).percent_used == 96);
  CHECK(b.view(0).max_tier == "economy");
  spend(40, may(1));
  CHECK(take(b) == Percents{});
  spend(900, may(2));
  CHECK(take(b) == Percents{50, 80});
  CHECK(b.view(0, may(2)).max_tier == "");
}

TEST_CASE("thresholds: a new limit or a new threshold speaks, nothing speaks twice") {
  Bench b({laddered()});
  b.ledger.settle(b.reserve(1, 600).hold, {600}, {});
  CHECK(take(b) == Percents{50});
  const auto install = [&](BudgetSpec spec) {
    REQUIRE(b.ledger.configure(std::vector<AccountSpec>{{"level0", spec}}, b.zones).has_value());
  };
  BudgetSpec spec = laddered();
  install(spec);
  CHECK(take(b) == Percents{});
  spec.limit = {700};  // 85 %
  install(spec);
  CHECK(take(b) == Percents{80});
  spec.limit = {10'000};
  install(spec);
  spec.limit = {700};
  install(spec);
  CHECK(take(b) == Percents{});
  spec.thresholds.push_back(at(85, ThresholdAction::warn));
  install(spec);
  CHECK(take(b) == Percents{85});
  // What was said before a restart is not said again; what was reached meanwhile is.
  Bench after({laddered()});
  after.ledger.restore(after.ids[0], {may(1, 0), may(2, 0), {960}, {0}, {0}, 50, {}});
  CHECK(take(after) == Percents{80, 95});
}

TEST_CASE("thresholds: a plain budget says 100 % as block") {
  Bench b({budget(10)});
  b.ledger.settle(b.reserve(1, 10).hold, {10}, {});
  REQUIRE(b.ledger.crossings().size() == 1);
  const Crossing& c = b.ledger.crossings()[0];
  CHECK(c.percent == 100);
  CHECK(c.action == ThresholdAction::block);
  CHECK(c.scope == "level0");
  CHECK(c.limit.v == 10);
}

TEST_CASE("thresholds: what is only held says nothing, even when another threshold speaks") {
  BudgetSpec spec = budget(100);
  spec.thresholds = {at(50, ThresholdAction::warn), at(90, ThresholdAction::warn)};
  Bench b({spec});
  const HoldRef open = b.reserve(1, 45).hold;
  const HoldRef settled = b.reserve(2, 50).hold;
  b.ledger.settle(settled, {50}, UsageSource::provider);
  REQUIRE(b.ledger.crossings().size() == 1);
  CHECK(b.ledger.crossings()[0].percent == 50);
  b.ledger.settle(open, {40}, UsageSource::provider);
  REQUIRE(b.ledger.crossings().size() == 2);
  CHECK(b.ledger.crossings()[1].percent == 90);
}

TEST_CASE(
    "windows: in every kind a new limit applies at once, usage is kept, thresholds speak once") {
  for (const WindowKind per :
       {WindowKind::hour, WindowKind::day, WindowKind::week, WindowKind::month, WindowKind::quarter,
        WindowKind::year, WindowKind::lifetime, WindowKind::rolling}) {
    CAPTURE(window_word(per));
    BudgetSpec spec = budget(100, per);
    spec.rolling_s = per == WindowKind::rolling ? 3'600 : 0;
    spec.thresholds = {at(50, ThresholdAction::warn), at(100, ThresholdAction::block)};
    Bench b({spec});
    const Instant now = may(6, 12, 30);
    b.ledger.settle(b.reserve(1, 60, now).hold, {60}, {});
    const HoldRef open = b.reserve(2, 30, now).hold;
    CHECK(b.reserve(3, 11, now).status == ReserveStatus::denied);
    const auto change = [&](std::int64_t limit, std::int64_t held) {
      spec.limit = {limit};
      REQUIRE(b.ledger.configure(std::vector<AccountSpec>{{"level0", spec}}, b.zones)->at(0) ==
              b.ids[0]);
      CHECK(b.view(0, now).posted.v == 60);
      CHECK(b.view(0, now).held.v == held);
    };
    change(101, 30);
    CHECK(b.reserve(3, 11, now).status == ReserveStatus::held);
    CHECK(b.reserve(4, 1, now).status == ReserveStatus::denied);
    change(80, 41);  // less than what is in use
    CHECK(b.reserve(5, 1, now).status == ReserveStatus::denied);
    CHECK(b.ledger.settle(open, {30}, {}).posted.v == 30);
    REQUIRE(b.ledger.crossings().size() == 2);
    CHECK(b.ledger.crossings()[0].percent == 50);
    CHECK(b.ledger.crossings()[1].percent == 100);
    spec.limit = {90};
    REQUIRE(b.ledger.configure(std::vector<AccountSpec>{{"level0", spec}}, b.zones).has_value());
    CHECK(b.ledger.crossings().size() == 2);
    CHECK(b.ledger.check_invariants() == "");
  }
}
