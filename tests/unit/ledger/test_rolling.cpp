// Rolling windows: the definition of router/ledger/rolling.h against a list of everything.
#include "router/ledger/rolling.h"

#include <map>
#include <random>

#include "books_support.h"

using namespace ledger_test;

namespace {

BudgetSpec rolling(std::int64_t limit, std::int64_t seconds) {
  BudgetSpec out = budget(limit, WindowKind::rolling);
  out.rolling_s = seconds;
  return out;
}

constexpr std::int64_t second = Instant::kPerSecond;
constexpr std::int64_t hour = 3'600 * second;

Instant plus(Instant at, std::int64_t ns) {
  return {at.ns + ns};
}

struct Spent {
  Instant at;
  std::int64_t amount;
};

std::int64_t bucket_of(Instant at, std::int64_t bucket) {
  return at.ns / bucket * bucket;
}

}  // namespace

TEST_CASE("rolling: over any stretch of the length no more than the limit, and no false refusal") {
  for (const std::int64_t length : {60, 100, 3'600, 86'400, 7 * 86'400}) {
    CAPTURE(length);
    const std::int64_t bucket = rolling_bucket_ns(length);
    Bench b({rolling(1'000, length)});
    std::mt19937_64 random(static_cast<std::uint64_t>(length));
    std::vector<Spent> all;
    std::map<std::uint64_t, std::pair<HoldRef, std::size_t>> open;
    Instant now = may(1);
    for (std::uint64_t n = 1; n < 4'000; ++n) {
      now = plus(now, static_cast<std::int64_t>(random() % (length * second / 12)));
      const std::int64_t amount = 1 + static_cast<std::int64_t>(random() % 120);
      const std::int64_t begin = bucket_of(now, bucket) - rolling_buckets * bucket;
      std::int64_t counted = 0;
      for (const Spent& s : all)
        if (bucket_of(s.at, bucket) >= begin) counted += s.amount;
      const ReserveOutcome made = b.reserve(n, amount, now, {INT64_MAX});
      REQUIRE((made.status == ReserveStatus::held) == (counted + amount <= 1'000));
      if (made.status == ReserveStatus::held) {
        open[n] = {made.hold, all.size()};
        all.push_back({now, amount});
      } else {
        CHECK(made.denial.posted.v + made.denial.held.v == counted);
        CHECK(made.denial.limit.v == 1'000);
        CHECK(made.denial.resets_at > now);
      }
      // Some end at once, some in a later bucket, some after they have stopped counting.
      while (open.size() > 6) {
        auto some = open.begin();
        std::advance(some, random() % open.size());
        Spent& spent = all[some->second.second];
        const std::int64_t bill = static_cast<std::int64_t>(random() % (spent.amount + 1));
        CHECK_FALSE(b.ledger.settle(some->second.first, {bill}, {}).already);
        spent.amount = bill;
        open.erase(some);
      }
      REQUIRE(b.ledger.check_invariants() == "");
      std::int64_t trailing = 0, in_window = 0;
      for (const Spent& s : all) {
        if (s.at.ns > now.ns - length * second) trailing += s.amount;
        if (bucket_of(s.at, bucket) >= begin) in_window += s.amount;
      }
      REQUIRE(trailing <= 1'000);
      const AccountView view = b.view(0, now);
      REQUIRE(view.posted.v + view.held.v == in_window);
    }
  }
}

// A hold grows in the bucket of its reserve: every window of the length that holds that bucket has
// to have room, those that have passed, too.
TEST_CASE("rolling: a hold grows within all windows that hold its moment, and no further") {
  const std::int64_t length = 3'600, bucket = rolling_bucket_ns(length);
  Bench b({rolling(1'000, length)});
  std::mt19937_64 random(11);
  std::map<std::int64_t, std::int64_t> used;  // by bucket
  struct Open {
    HoldRef hold;
    std::int64_t bucket, amount;
  };
  std::vector<Open> open;
  const auto fullest = [&](std::int64_t of) {
    std::int64_t most = 0;
    for (std::int64_t last = of; last <= of + rolling_buckets; ++last) {
      std::int64_t sum = 0;
      for (std::int64_t at = last - rolling_buckets; at <= last; ++at)
        if (const auto found = used.find(at); found != used.end()) sum += found->second;
      most = std::max(most, sum);
    }
    return most;
  };
  Instant now = may(1);
  std::int64_t newest = 0;
  int grown = 0, refused = 0, late = 0;
  for (std::uint64_t n = 1; n < 20'000; ++n) {
    now = plus(now, static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bucket)));
    if (random() % 200 == 0) now = plus(now, 30 * bucket);
    const std::int64_t amount = 1 + static_cast<std::int64_t>(random() % 200);
    const ReserveOutcome made = b.reserve(n, amount, now, {INT64_MAX});
    newest = now.ns / bucket;
    if (made.status == ReserveStatus::held) {
      open.push_back({made.hold, newest, amount});
      used[newest] += amount;
    }
    if (open.empty()) continue;
    Open& some = open[random() % open.size()];
    const std::int64_t more = 1 + static_cast<std::int64_t>(random() % 300);
    const bool fits = fullest(some.bucket) + more <= 1'000;
    const ReserveOutcome out = b.ledger.extend(some.hold, {more});
    const bool held = out.status == ReserveStatus::held;
    if (some.bucket >= newest - rolling_buckets) {
      REQUIRE(held == fits);
      if (!held) {
        const Denial& d = out.denial;
        REQUIRE(d.limit.v == 1'000);
        REQUIRE(d.posted.v + d.held.v == fullest(some.bucket));
      }
    } else {  // what it left with is remembered as one figure
      REQUIRE((fits || !held));
      ++late;
    }
    ++(held ? grown : refused);
    if (held) {
      some.amount += more;
      used[some.bucket] += more;
    }
    if (open.size() > 5 || random() % 2 == 0) {
      const std::size_t at = random() % open.size();
      const std::int64_t bill =
          static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(open[at].amount + 1));
      CHECK_FALSE(b.ledger.settle(open[at].hold, {bill}, {}).already);
      used[open[at].bucket] -= open[at].amount - bill;
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    }
    REQUIRE(b.ledger.check_invariants() == "");
  }
  CHECK(grown > 1'000);
  CHECK(refused > 1'000);
  CHECK(late > 20);
}

TEST_CASE("rolling: a refusal says when there will be room, to the nanosecond") {
  Bench b({rolling(100, 86'400)});
  const Instant first = may(1, 0, 30), later = may(1, 7, 10);
  b.ledger.settle(b.reserve(1, 60, first).hold, {60}, {});
  b.ledger.settle(b.reserve(2, 40, later).hold, {40}, {});
  const ReserveOutcome one = b.reserve(3, 10, may(1, 12));
  REQUIRE(one.status == ReserveStatus::denied);
  CHECK(one.denial.posted.v == 100);
  CHECK(one.denial.resets_at == may(2, 1));  // 00:00 to 01:00 counts until 01:00 of the next day
  const ReserveOutcome more = b.reserve(3, 70, may(1, 12));
  CHECK(more.denial.resets_at == may(2, 8));
  CHECK(b.reserve(3, 10, plus(may(2, 1), -1)).status == ReserveStatus::denied);
  CHECK(b.reserve(3, 10, may(2, 1)).status == ReserveStatus::held);
  CHECK(b.view(0, may(2, 1)).remaining().v == 50);
}

TEST_CASE("rolling: thresholds speak once, and again when use has fallen below them") {
  BudgetSpec spec = rolling(100, 86'400);
  spec.thresholds = {at(50, ThresholdAction::max_tier, "economy"), at(100, ThresholdAction::block)};
  Bench b({spec});
  const auto said = [&] {
    const std::size_t count = b.ledger.crossings().size();
    b.ledger.clear_crossings();
    return count;
  };
  b.ledger.settle(b.reserve(1, 60, may(1, 0)).hold, {60}, {});
  CHECK(said() == 1);
  b.ledger.settle(b.reserve(2, 10, may(1, 5)).hold, {10}, {});
  CHECK(said() == 0);  // in another bucket of the same window
  CHECK(b.ledger.tier_cap(b.ids, may(1, 20)) == "economy");
  CHECK(b.ledger.tier_cap(b.ids, may(2, 2)) == "");  // before anything is reserved
  b.ledger.settle(b.reserve(3, 30, may(2, 2)).hold, {30}, {});
  CHECK(said() == 0);  // 40 of 100
  b.ledger.settle(b.reserve(4, 20, may(2, 3)).hold, {20}, {});
  CHECK(said() == 1);
}

TEST_CASE(
    "rolling: a clock that steps back counts in the newest bucket; a new limit holds at once") {
  Bench b({rolling(100, 3'600)});
  b.ledger.settle(b.reserve(1, 70, may(2)).hold, {70}, {});
  CHECK(b.reserve(2, 40, may(1)).status == ReserveStatus::denied);
  CHECK(b.reserve(2, 30, may(1)).status == ReserveStatus::held);
  CHECK(b.reserve(3, 1, may(2, 12, 30)).status == ReserveStatus::denied);
  REQUIRE(b.ledger.configure(std::vector<AccountSpec>{{"level0", rolling(120, 3'600)}}, b.zones)
              .has_value());
  CHECK(b.reserve(3, 20, may(2, 12, 30)).status == ReserveStatus::held);
  CHECK(b.reserve(4, 1, may(2, 12, 30)).status == ReserveStatus::denied);
  CHECK(b.ledger.check_invariants() == "");
}

TEST_CASE("rolling: every bucket survives a restart, and so does what an operator changed") {
  TemporaryDirectory root;
  OrganisationSpec spec = acme(1'000, 1'000, 1'000);
  spec.budgets = {rolling(1'000, 86'400)};
  std::int64_t posted = 0;
  {
    OpenBooks b(root.path, {spec});
    for (int i = 0; i < 20; ++i) b.spend(static_cast<std::uint64_t>(i + 1), 10 + i, 0, may(1, i));
    const BookHold sent = b.send(99, 50, 0, may(1, 20));
    (void)sent;  // in flight when the process ends: posted in full
    posted = b.posted(0, 0, may(1, 21));
    CHECK(posted == 20 * 10 + 190);
    REQUIRE(b.books->adjust({"acme", {}}, AdjustReason::correction, {-40}, "", may(1, 21)));
    const auto refused = b.books->adjust({"acme", {}}, AdjustReason::top_up, {5}, "", may(1, 21));
    CHECK_FALSE(refused.has_value());
    CHECK(b.posted(0, 0, may(1, 21)) == posted - 40);
    CHECK(b.books->check_invariants() == "");
  }
  {
    OpenBooks b(root.path, {spec});
    CHECK(b.posted(0, 0, may(1, 21)) == posted - 40 + 50);
    // Bucket by bucket they stop counting: 10 + i at hour i, but for what was corrected.
    CHECK(b.posted(0, 0, may(2, 2)) == posted - 40 + 50 - 10 - 11);
    CHECK(b.books->check_invariants() == "");
    REQUIRE(b.books->adjust({"acme", {}}, AdjustReason::reset, {}, "", may(1, 22)));
    CHECK(b.posted(0, 0, may(1, 22)) == 0);
  }
  OpenBooks b(root.path, {spec});
  CHECK(b.posted(0, 0, may(1, 22)) == 0);
}

TEST_CASE("rolling: every bucket in use costs a quarter of a kilobyte") {
  CHECK(sizeof(Rolling) <= 256);  // beside what any account has
}
