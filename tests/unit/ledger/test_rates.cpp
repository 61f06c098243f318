// Requests and tokens in a stretch of time: exact, all or nothing, shared by threads.
#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "books_support.h"
#include "gateway/store/rates.h"
#include "router/ledger/rate_window.h"

using namespace ledger_test;

namespace {

constexpr std::int64_t second = 1'000'000'000;

OrganisationSpec rated(RateSpec organisation, RateSpec team, RateSpec each_key, int keys = 1) {
  OrganisationSpec out = acme(1'000, 1'000, 1'000, keys);
  out.rate = organisation;
  out.teams[0].rate = team;
  for (KeySpec& key : out.teams[0].keys) key.rate = each_key;
  return out;
}

}  // namespace

TEST_CASE("rates: in any stretch no more than the limit, and never refused with room") {
  for (const std::int64_t per_ms : {1'000, 60'000, 3'600'000}) {
    CAPTURE(per_ms);
    RateWindow window;
    window.set_limit(500, per_ms);
    const std::int64_t bucket = per_ms * 1'000'000 / RateWindow::buckets;
    std::mt19937_64 random(7);
    struct Taken {
      std::int64_t at, bucket, amount;
    };
    std::deque<Taken> all;
    Tick now{5 * second};
    for (int i = 0; i < 20'000; ++i) {
      now.ns += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bucket * 2));
      window.advance(now);
      std::int64_t counted = 0, trailing = 0;
      while (!all.empty() && all.front().bucket < now.ns / bucket - RateWindow::buckets)
        all.pop_front();
      for (const Taken& t : all) {
        counted += t.amount;
        if (t.at > now.ns - per_ms * 1'000'000) trailing += t.amount;
      }
      REQUIRE(window.used() == counted);
      REQUIRE(trailing <= 500);
      const std::int64_t amount = static_cast<std::int64_t>(random() % 40);
      REQUIRE(window.fits(amount) == (counted + amount <= 500));
      if (!window.fits(amount)) {
        const Tick when = window.room_at(amount, now);
        RateWindow later = window;
        later.advance({when.ns - 1});
        CHECK_FALSE(later.fits(amount));
        later.advance(when);
        CHECK(later.fits(amount));
        continue;
      }
      all.push_back({now.ns, window.take(amount), amount});
      if (random() % 3 != 0) continue;  // some of it was not used, some time ago
      Taken& some = all[random() % all.size()];
      const std::int64_t less = some.amount / 2;
      window.give_back(some.bucket, less);
      some.amount -= less;
    }
    CHECK(window.room_at(501, now).ns == INT64_MAX);
    RateWindow later = window;
    later.advance({window.empty_at(now).ns});
    CHECK(later.used() == 0);
    later.advance({now.ns - 100 * second});  // a clock that steps back
    CHECK(later.used() == 0);
  }
}

TEST_CASE("rates: what is given back of a stretch that counts no more changes nothing") {
  RateWindow window;
  window.set_limit(10, 60'000);
  window.advance({0});
  const std::int64_t bucket = window.take(7);
  window.advance({60 * second});
  window.give_back(bucket, 2);  // the 60th after it: the last moment that it counts
  CHECK(window.used() == 5);
  window.advance({61 * second});
  CHECK(window.used() == 0);
  window.give_back(bucket, 5);
  CHECK(window.used() == 0);
  CHECK_FALSE(window.fits(11));
  CHECK(window.fits(10));
  CHECK(window.take(3) == 61);  // in the slot that the other one had
  window.give_back(bucket, 3);
  CHECK(window.used() == 3);
}

TEST_CASE("rates: organisation, team and key, all or none; the refusal says whose and until when") {
  RateLimits rates(2);
  const RateSpec organisation{100, 0, 60'000, 60'000}, team{0, 10'000, 60'000, 60'000},
      each_key{5, 0, 1'000, 60'000};
  const auto chains = rates.configure(std::vector{rated(organisation, team, each_key, 2)});
  REQUIRE(chains.size() == 2);
  CHECK(chains[0].count == 3);
  RateTicket ticket;
  Tick now{100 * second};
  for (int i = 0; i < 5; ++i) CHECK(rates.take(chains[0], 1'000, now, ticket).taken);
  const RateAnswer no = rates.take(chains[0], 1'000, now, ticket);
  CHECK_FALSE(no.taken);
  CHECK(no.scope == "acme/search/key0");
  CHECK(no.unit == "requests");
  CHECK(no.limit == 5);
  CHECK(no.retry_after_ms > 0);
  CHECK(no.retry_after_ms <= 1'020);
  CHECK(no.requests.remaining == 0);
  CHECK(no.requests.limit == 5);
  CHECK(no.tokens.remaining == 5'000);  // nothing was taken
  const RateAnswer big = rates.take(chains[1], 5'001, now, ticket);
  CHECK(big.scope == "acme/search");
  CHECK(big.unit == "tokens");
  const RateAnswer never = rates.take(chains[1], 10'001, now, ticket);
  CHECK(never.retry_after_ms == -1);
  CHECK(rates.take(chains[1], 5'000, now, ticket).taken);
  rates.settle(chains[1], ticket, 1'200);
  RateTicket other;
  CHECK(rates.take(chains[1], 3'800, now, other).taken);
  rates.cancel(chains[1], other);
  CHECK(rates.take(chains[1], 3'800, now, other).taken);
  rates.settle(chains[1], other, 4'000);  // more than was taken counts too
  CHECK(rates.take(chains[1], 1, now, other).scope == "acme/search");
  now.ns += 61 * second;
  CHECK(rates.take(chains[0], 10'000, now, other).taken);
}

TEST_CASE("rates: a reloaded file keeps what was taken and applies its limit at once") {
  RateLimits rates(1);
  const RateSpec five{5, 0, 60'000, 60'000}, three{3, 0, 60'000, 60'000}, none;
  const auto before = rates.configure(std::vector{rated(none, five, none)});
  RateTicket ticket;
  const Tick now{second};
  for (int i = 0; i < 4; ++i) CHECK(rates.take(before[0], 1, now, ticket).taken);
  const auto after = rates.configure(std::vector{rated(none, three, none)});
  CHECK_FALSE(rates.take(after[0], 1, now, ticket).taken);
  CHECK_FALSE(rates.take(before[0], 1, now, ticket).taken);  // a request that began earlier
  const auto back = rates.configure(std::vector{rated(none, five, none)});
  CHECK(rates.take(back[0], 1, now, ticket).taken);
  CHECK_FALSE(rates.take(back[0], 1, now, ticket).taken);
  CHECK(rates.configure(std::vector{rated(none, none, none)})[0].empty());
}

TEST_CASE("rates: threads together take exactly the limit") {
  for (int round = 0; round < 20; ++round) {
    RateLimits rates(4);
    const RateSpec requests{500, 0, 60'000, 60'000}, tokens{0, 100'000, 60'000, 60'000}, none;
    const auto chains = rates.configure(std::vector{rated(requests, tokens, none, 4)});
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        RateTicket ticket;
        for (int i = 0; i < 400; ++i) taken += rates.take(chains[t], 100, {second}, ticket).taken;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(taken == 500);
  }
}

TEST_CASE("rates: a window is a kilobyte at most") {
  CHECK(sizeof(RateWindow) <= 1'024);
}
