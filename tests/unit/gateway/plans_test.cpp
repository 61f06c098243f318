#include "gateway/plans.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace steelyard {
namespace {

constexpr Instant noon{1'795'348'800'000'000'000};  // 2026-11-22T12:00:00Z

GatewaySpec spec_of(PlanSpec plan) {
  GatewaySpec spec;
  spec.tiers.resize(2);
  spec.tiers[0].name = "standard";
  spec.tiers[1].name = "premium";
  OrganisationSpec& acme = spec.organisations.emplace_back();
  acme.name = "acme";
  acme.teams.emplace_back().name = "idle";
  TeamSpec& team = acme.teams.emplace_back();
  team.name = "search";
  team.plan = std::move(plan);
  return spec;
}

struct Sold {
  explicit Sold(PlanSpec plan) : spec(spec_of(std::move(plan))) {
    LedgerSpec ledger;
    ledger.directory.clear();
    books = std::move(*store::Books::open(ledger, noon));
    plans = std::move(*Plans::open(""));
    const std::vector<OrganisationSpec> all = plan_organisations(spec);
    auto chains = books->configure(all, noon);
    REQUIRE_MESSAGE(chains.has_value(), chains.error().context);
    teams = build_plans(spec, *chains, 0);
    REQUIRE(teams.size() == 2);
    CHECK(teams[0] == nullptr);
  }
  const TeamPlan& plan() const { return *teams[1]; }
  router::AccountView view(const store::Chain& chain) const {
    return books->view(chain, noon).accounts[0];
  }
  GatewaySpec spec;
  std::unique_ptr<store::Books> books;
  std::unique_ptr<Plans> plans;
  std::vector<std::unique_ptr<TeamPlan>> teams;
};

QuotaSpec uses(std::int64_t amount, std::int64_t adds = 0, std::int64_t most = 1) {
  QuotaSpec out;
  out.unit = QuotaUnit::uses;
  out.amount = amount;
  out.per = PlanWindow::day;
  out.packs = {adds, {1'500'000'000}, most};
  return out;
}

TEST_CASE("plans: accounts, their names and what they enforce") {
  PlanSpec plan;
  plan.seats = 10;
  plan.seat_fee = {20'000'000'000};
  plan.included.push_back(uses(50));
  plan.included[0].tier = "premium";
  plan.included[0].then_tier = "standard";
  QuotaSpec money;
  money.amount = 7;
  plan.included.push_back(money);
  const Sold sold(plan);
  CHECK(sold.plan().seats_scope == "plan:acme/search/seats");
  CHECK(sold.plan().packs_scope.empty());
  CHECK(sold.plan().lowers);
  const Quota& first = sold.plan().quotas.at(0);
  CHECK(first.scope == "plan:acme/search/uses-premium-day");
  CHECK(first.tier == 1);
  CHECK(first.then_tier == 0);
  CHECK(sold.view(first.chain).limit.v == 50);
  CHECK(sold.view(first.chain).hard);
  CHECK(sold.view(sold.plan().quotas.at(1).chain).scope == "plan:acme/search/money-month");
  CHECK_FALSE(sold.view(sold.plan().seats_chain).hard);
}

TEST_CASE("plans: seats are charged to what is due, once") {
  PlanSpec plan;
  plan.seats = 10;
  plan.seat_fee = {20};
  Sold sold(plan);
  for (int i = 0; i < 3; ++i) sold.plans->charge_seats(sold.teams, *sold.books, noon);
  CHECK(sold.view(sold.plan().seats_chain).posted.v == 200);
  const Instant next_month{noon.ns + 30 * 86'400 * Instant::kPerSecond};
  sold.plans->charge_seats(sold.teams, *sold.books, next_month);
  CHECK(sold.books->view(sold.plan().seats_chain, next_month).accounts[0].posted.v == 200);
}

TEST_CASE("plans: packs are bought as many as are needed, up to their bound") {
  PlanSpec plan;
  plan.included.push_back(uses(10, 5, 3));
  Sold sold(plan);
  const Quota& quota = sold.plan().quotas[0];
  const auto buy = [&](std::int64_t asked) {
    return sold.plans->buy(sold.plan(), quota, asked, *sold.books, noon);
  };
  CHECK(buy(10));  // there is room
  CHECK(sold.view(quota.chain).limit.v == 10);
  CHECK_FALSE(buy(26));  // more than all packs
  CHECK(sold.view(sold.plan().packs_chain).posted.v == 0);
  CHECK(buy(16));
  CHECK(sold.view(quota.chain).limit.v == 20);
  CHECK(sold.view(sold.plan().packs_chain).posted.v == std::int64_t{3'000'000'000});
  CHECK(may_buy(quota, sold.view(quota.chain)));
  CHECK(buy(25));
  CHECK_FALSE(may_buy(quota, sold.view(quota.chain)));
  CHECK_FALSE(buy(26));
  CHECK(sold.view(sold.plan().packs_chain).posted.v == std::int64_t{4'500'000'000});
}

TEST_CASE("plans: threads that meet an empty quota buy what they need and no more") {
  PlanSpec plan;
  plan.included.push_back(uses(100, 7, 1'000'000));
  Sold sold(plan);
  const Quota& quota = sold.plan().quotas[0];
  std::atomic<int> held{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t n = 0; n < 100; ++n) {
        for (;;) {
          const store::Reservation made =
              sold.books->reserve(quota.chain, {{t, n}, 0}, {1}, noon, Tick{0});
          if (made.status == store::Admission::held) break;
          REQUIRE(sold.plans->buy(sold.plan(), quota, 1, *sold.books, noon));
        }
        ++held;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(held == 800);
  const router::AccountView view = sold.view(quota.chain);
  CHECK(view.held.v == 800);
  CHECK(view.limit.v == 800);  // 100 packs of 7 beyond the first hundred
  CHECK(sold.view(sold.plan().packs_chain).posted.v == 100 * std::int64_t{1'500'000'000});
}

}  // namespace
}  // namespace steelyard
