#include <atomic>
#include <thread>

#include "books_support.h"
#include "gateway/store/short_lock.h"

using namespace ledger_test;

namespace {
constexpr std::int64_t kDollar = 1'000'000'000;
}

TEST_CASE("books: 1,000 requests of $0.10 on $5.00 from 16 threads: exactly 50") {
  // At each of the three levels in turn, and with the journal on.
  for (int level = 0; level < 3; ++level) {
    CAPTURE(level);
    TemporaryDirectory directory;
    std::int64_t limits[] = {100 * kDollar, 100 * kDollar, 100 * kDollar};
    limits[level] = 5 * kDollar;
    OpenBooks b(directory.path, {acme(limits[0], limits[1], limits[2])});
    std::atomic<int> held{0}, denied{0}, wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 1'000 / 16 + (t < 1'000 % 16); ++i) {
          const std::uint64_t n = static_cast<std::uint64_t>(t) * 1'000 + i;
          const Reservation r =
              b.books->reserve(b.chains[0].chain, key(n), {kDollar / 10}, may(1), Tick{0});
          if (r.status == Admission::held) {
            ++held;
            if (b.books->dispatch(r.hold).status != DispatchStatus::sent) ++wrong;
          } else if (r.status == Admission::denied) {
            ++denied;
            const std::int64_t room = r.denial.limit.v - r.denial.posted.v - r.denial.held.v;
            if (room != 0) ++wrong;
          } else {
            ++wrong;
          }
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(held == 50);
    CHECK(denied == 950);
    CHECK(wrong == 0);
    for (std::size_t account = 0; account < 3; ++account) CHECK(b.held(account) == 5 * kDollar);
    CHECK(b.books->check_invariants() == "");
  }
}

TEST_CASE("books: threads, shards, settles, releases and expiry; at rest nothing is held") {
  TemporaryDirectory directory;
  std::vector<OrganisationSpec> specs;
  for (int i = 0; i < 6; ++i)
    specs.push_back(
        acme(INT64_MAX / 4, INT64_MAX / 4, INT64_MAX / 4, 2, "org" + std::to_string(i)));
  std::vector<std::int64_t> expected(12);
  {
    OpenBooks b(directory.path, specs);
    REQUIRE(b.chains.size() == 12);
    std::vector<std::atomic<std::int64_t>> spent(12);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 4'000; ++i) {
          const std::size_t chain = (t * 7 + i) % 12;
          const Reservation r =
              b.books->reserve(b.chains[chain].chain, key(t << 32 | i), {100}, may(1), Tick{0});
          if (r.status == Admission::ledger_down) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            continue;
          }
          if (i % 5 == 0) {
            b.books->release(r.hold, may(1));
            continue;
          }
          // Segments this small run out: nothing may be sent then, and nothing is lost.
          if (b.books->dispatch(r.hold).status != DispatchStatus::sent || i % 7 == 0) {
            b.books->release(r.hold, may(1));
          } else if (i % 11 == 0) {
            spent[chain] += 100;  // left to expire: in full
          } else {
            b.books->settle(r.hold, {static_cast<std::int64_t>(i % 130)}, {}, may(1));
            spent[chain] += static_cast<std::int64_t>(i % 130);
          }
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(b.books->expire(Tick{999'999'999}, may(1)) == 0);
    CHECK(b.books->expire(Tick{1'000'000'000}, may(1)) > 0);
    CHECK(b.books->open_holds() == 0);
    CHECK(b.books->check_invariants() == "");
    for (std::size_t chain = 0; chain < 12; ++chain) {
      expected[chain] = spent[chain];
      CHECK(b.posted(2, chain) == expected[chain]);
      CHECK(b.held(2, chain) == 0);
    }
  }
  OpenBooks again(directory.path, specs);
  CHECK(again.books->status().recovered_holds == 0);
  for (std::size_t chain = 0; chain < 12; ++chain) {
    CHECK(again.posted(2, chain) == expected[chain]);
    CHECK(again.posted(1, chain) == expected[chain / 2 * 2] + expected[chain / 2 * 2 + 1]);
  }
}

TEST_CASE("books: a hold says when to renew it, and lives while that is done") {
  OpenBooks b("", {acme(1'000, 1'000, 1'000)});  // the lease: a second
  const auto ms = [](std::int64_t n) { return Tick{n * 1'000'000}; };
  BookHold kept = b.send(1, 100);
  const BookHold left = b.send(2, 10);
  CHECK(kept.renew_at == ms(333));
  for (std::int64_t n = 1; n <= 12; ++n) {  // four leases long
    CAPTURE(n);
    REQUIRE(b.books->renew(kept, kept.renew_at));
    CHECK(kept.renew_at == ms(333 * (n + 1)));
    CHECK(b.books->expire(ms(333 * n), may(1)) == (n == 4 ? 1 : 0));  // `left`, once
  }
  CHECK(b.posted(0) == 10);
  CHECK(b.held(0) == 100);
  CHECK(b.books->settle(left, {1}, UsageSource::provider, may(1)).already);
  CHECK(b.posted(0) == 1);  // a late bill: one, not ten
  CHECK_FALSE(b.books->settle(kept, {40}, UsageSource::provider, may(1)).already);
  CHECK(b.posted(0) == 41);
  CHECK_FALSE(b.books->renew(kept, ms(9'000)));  // it has ended
  BookHold elsewhere;
  elsewhere.shard = 999;
  CHECK_FALSE(b.books->renew(elsewhere, ms(0)));
}

TEST_CASE("books: chains follow the configuration") {
  OrganisationSpec spec = acme(100, 50, 20, 2);
  spec.teams[0].keys[1].budgets.clear();
  OrganisationSpec free;
  free.name = "free";
  free.teams.emplace_back();
  free.teams[0].name = "all";
  free.teams[0].keys.emplace_back();
  OpenBooks b("", {spec, free});
  REQUIRE(b.chains.size() == 3);
  CHECK(b.chains[0].organisation == "acme");
  CHECK(b.chains[0].team == "search");
  CHECK(b.chains[0].key == "key0");
  CHECK(b.chains[0].chain.count == 3);
  CHECK(b.chains[1].chain.count == 2);
  CHECK(b.chains[2].chain.empty());

  CHECK(b.reserve(1, 21, 0).denial.scope == "acme/search/key0");
  CHECK(b.reserve(2, 51, 1).denial.scope == "acme/search");
  CHECK(b.reserve(3, INT64_MAX, 2).status == Admission::held);
  CHECK(b.books->headroom(b.chains[0].chain, may(1)).remaining.v == 20);
  CHECK(b.books->headroom(b.chains[1].chain, may(1)).remaining.v == 50);
  CHECK(b.books->headroom(b.chains[2].chain, may(1)).remaining.v == INT64_MAX);
  CHECK(b.books->all_views(may(1)).size() == 3);
}

TEST_CASE("books: a configuration that is wrong leaves the old one running") {
  OpenBooks b("", {acme(100, 50, 20)});
  OrganisationSpec unknown_zone = acme(1, 1, 1, 1, "other");
  unknown_zone.budgets[0].time_zone = "Europe/Atlantis";
  OrganisationSpec escaping = acme(1, 1, 1, 1, "other");
  escaping.budgets[0].time_zone = "../../etc/passwd";
  OrganisationSpec many = acme(1, 1, 1);
  for (int i = 0; i < 30; ++i) {
    many.budgets.push_back(budget(1, WindowKind::day));
    many.budgets.back().time_zone = "Etc/GMT+" + std::to_string(i % 12);
  }
  OrganisationSpec twice = acme(1, 1, 1);
  twice.budgets.push_back(budget(9, WindowKind::month));
  OrganisationSpec long_name = acme(1, 1, 1, 1, std::string(2'000, 'x'));
  for (const OrganisationSpec& bad : {unknown_zone, escaping, many, twice, long_name}) {
    const std::vector<OrganisationSpec> all = {acme(7, 7, 7), bad};
    CHECK_FALSE(b.books->configure(all, may(1)).has_value());
    CHECK(b.books->view(b.chains[0].chain, may(1)).accounts[0].limit.v == 100);
  }
}

TEST_CASE("books: a reload keeps usage, old chains go on working") {
  TemporaryDirectory directory;
  {
    OpenBooks b(directory.path, {acme(100, 50, 20)});
    b.spend(1, 10);
    const std::vector<OrganisationSpec> none;
    REQUIRE(b.books->configure(none, may(1)).has_value());
    b.spend(2, 5);  // a request that began before the reload
    const std::vector<OrganisationSpec> raised = {acme(100, 50, 30)};
    const auto chains = b.books->configure(raised, may(1));
    REQUIRE(chains.has_value());
    CHECK((*chains)[0].chain.accounts[2] == b.chains[0].chain.accounts[2]);
    CHECK(b.posted(2) == 15);
    CHECK(b.reserve(3, 16).status == Admission::denied);
    CHECK(b.reserve(4, 15).status == Admission::held);
  }
  // A team that was away for a restart finds its usage when it comes back.
  { OpenBooks b(directory.path, {acme(1, 1, 1, 1, "other")}); }
  OpenBooks b(directory.path, {acme(100, 50, 30)});
  CHECK(b.posted(2) == 15);
}

TEST_CASE("books: thresholds are said once, also over a restart") {
  TemporaryDirectory directory;
  OrganisationSpec spec = acme(1'000, 1'000, 1'000);
  spec.teams[0].budgets[0].thresholds = {at(50, ThresholdAction::warn),
                                         at(90, ThresholdAction::max_tier, "economy")};
  std::vector<CrossingReport> said;
  {
    OpenBooks b(directory.path, {spec});
    b.spend(1, 400);
    CHECK_FALSE(b.books->take_crossings(said, may(1)));
    b.spend(2, 200);
    REQUIRE(b.books->take_crossings(said, may(1)));
    REQUIRE(said.size() == 1);
    CHECK(said[0].scope == "acme/search");
    CHECK(said[0].percent == 50);
    CHECK_FALSE(b.books->take_crossings(said, may(1)));
    b.spend(3, 350);  // 95 %, and nobody takes it
    CHECK(b.books->headroom(b.chains[0].chain, may(1)).max_tier == "economy");
  }
  said.clear();
  OpenBooks b(directory.path, {spec});
  REQUIRE(b.books->take_crossings(said, may(1)));
  REQUIRE(said.size() == 1);
  CHECK(said[0].percent == 90);
  CHECK(said[0].max_tier == "economy");
  OpenBooks memory("", {spec});
  memory.spend(1, 950);
  CHECK(memory.books->view(memory.chains[0].chain, may(1)).max_tier == "economy");
}

TEST_CASE("books: a settle tells how the budgets stand, and the cap on tiers") {
  OrganisationSpec spec = acme(1'000, 900, 800);
  spec.teams[0].budgets[0].thresholds = {at(50, ThresholdAction::max_tier, "premium"),
                                         at(80, ThresholdAction::max_tier, "economy"),
                                         at(100, ThresholdAction::block)};
  OpenBooks b("", {spec});
  const Chain& chain = b.chains[0].chain;
  CHECK(b.books->tier_cap(chain, may(1)).empty());
  int capped = 0;
  for (std::uint64_t i = 1; i <= 30; ++i) {
    const Reservation made = b.reserve(i, 30);
    if (made.status != Admission::held) break;
    REQUIRE(b.books->dispatch(made.hold).status == DispatchStatus::sent);
    ChainView after;
    const router::EndOutcome end = b.books->settle(
        made.hold, NanoUsd{29}, router::UsageSource::provider, may(1), chain, after);
    CHECK(end.posted == NanoUsd{29});
    const ChainView view = b.books->view(chain, may(1));
    REQUIRE(after.count == view.count);
    for (std::size_t k = 0; k < view.count; ++k) {
      CHECK(after.accounts[k].posted == view.accounts[k].posted);
      CHECK(after.accounts[k].held == view.accounts[k].held);
      CHECK(after.accounts[k].scope == view.accounts[k].scope);
    }
    CHECK(after.remaining == view.remaining);
    CHECK(b.books->tier_cap(chain, may(1)) == view.max_tier);
    CHECK(after.max_tier == view.max_tier);
    capped += view.max_tier == "economy";
  }
  CHECK(capped > 0);
  CHECK(b.books->tier_cap(chain, may(31)).empty());  // the next window
}

TEST_CASE("books: the short lock keeps everybody out but one") {
  ShortLock lock;
  std::int64_t sum = 0;  // not atomic: torn without the lock
  const auto add = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const std::lock_guard guard(lock);
      ++sum;
    }
  };
  std::thread others[3] = {std::thread(add), std::thread(add), std::thread(add)};
  add();
  for (std::thread& other : others) other.join();
  CHECK(sum == 80'000);
  CHECK(lock.try_lock());
  CHECK_FALSE(lock.try_lock());
  lock.unlock();
}

TEST_CASE("books: a second process is kept out") {
  TemporaryDirectory directory;
  OpenBooks b(directory.path, {acme(1, 1, 1)});
  LedgerSpec spec;
  spec.directory = directory.path;
  const auto second = Books::open(spec, may(1), small());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().context.find("another process") != std::string::npos);
}

TEST_CASE("books: strict durability tells when a dispatch is on the disk") {
  TemporaryDirectory directory;
  OpenBooks b(directory.path, {acme(100, 100, 100)}, small(), Durability::strict);
  const Reservation made = b.reserve(1, 10);
  const Dispatched sent = b.books->dispatch(made.hold);
  REQUIRE(sent.seq > 0);
  std::atomic<int> told{0};
  const auto count = [](void* context) { ++*static_cast<std::atomic<int>*>(context); };
  if (b.books->when_durable(sent.seq, count, &told)) ++told;
  CHECK(b.books->wait_durable(sent.seq));
  CHECK(b.books->durable(sent.seq));
  for (int i = 0; i < 2'000 && told == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(told == 1);
  CHECK(b.books->when_durable(sent.seq, count, &told));
  CHECK(told == 1);
  OpenBooks relaxed("", {acme(100, 100, 100)});
  CHECK(relaxed.books->dispatch(relaxed.reserve(1, 10).hold).seq == 0);
}

TEST_CASE("books: stale and foreign holds are harmless") {
  OpenBooks b("", {acme(100, 100, 100)});
  BookHold nowhere;
  nowhere.shard = 999;
  CHECK(b.books->settle(nowhere, {5}, {}, may(1)).already);
  CHECK(b.books->release(nowhere, may(1)).already);
  CHECK(b.books->dispatch(nowhere).status == DispatchStatus::stale);
  const BookHold hold = b.send(1, 10);
  CHECK(b.reserve(1, 10).status == Admission::exists);
  CHECK(b.books->dispatch(hold).status == DispatchStatus::stale);
  CHECK_FALSE(b.books->settle(hold, {4}, {}, may(1)).already);
  CHECK(b.books->settle(hold, {4}, {}, may(1)).already);
  CHECK(b.reserve(2, -5).status == Admission::refused);
  CHECK(b.posted(0) == 4);
}
