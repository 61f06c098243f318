#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

constexpr std::int64_t second = 1'000'000'000;

// luna at openai (0) and azure (1), flash (2), terra at openai (3), opus (4).
struct Ward {
  Catalog catalog = compile_catalog(market()).catalog;
  Health health{catalog, BreakerSpec{3, 10'000}};
  Tick now{second};
  void fail(std::int32_t target, FailureClass failure, int times = 1) {
    for (int i = 0; i < times; ++i) health.on_failure(target, failure, now);
  }
  Admission admits(std::int32_t target) const { return health.admits(target, now); }
};

}  // namespace

TEST_CASE("health: which failures open the breaker") {
  struct Row {
    FailureClass failure;
    Admission after;
  };
  using F = FailureClass;
  for (const Row& row :
       {Row{F::server, Admission::open}, Row{F::timeout, Admission::open},
        Row{F::overloaded, Admission::open}, Row{F::transport, Admission::open},
        Row{F::client_invalid, Admission::ok}, Row{F::context_length, Admission::ok},
        Row{F::content, Admission::ok}, Row{F::budget, Admission::ok},
        Row{F::client_gone, Admission::ok}, Row{F::rate_limited, Admission::parked},
        Row{F::auth_upstream, Admission::parked}, Row{F::balance, Admission::parked}}) {
    CAPTURE(rule_of(row.failure).name);
    Ward ward;
    ward.fail(4, row.failure, 2);
    if (row.after == Admission::open) CHECK(ward.admits(4) == Admission::ok);
    ward.fail(4, row.failure);
    CHECK(ward.admits(4) == row.after);
    CHECK((ward.health.failure_ppm(4) > 0) == rule_of(row.failure).breaks);
  }
}

TEST_CASE("health: closed, open, one probe, closed again") {
  Ward ward;
  ward.fail(2, FailureClass::server, 2);
  ward.health.on_success(2, 5'000'000, 9'000'000);  // in a row means in a row
  ward.fail(2, FailureClass::server, 2);
  CHECK(ward.admits(2) == Admission::ok);
  ward.fail(2, FailureClass::server);
  CHECK(ward.admits(2) == Admission::open);
  CHECK_FALSE(ward.health.on_dispatch(2, ward.now));
  ward.now = ward.now.plus_ms(9'999);
  CHECK(ward.admits(2) == Admission::open);
  ward.now = ward.now.plus_ms(1);
  CHECK(ward.admits(2) == Admission::probe);
  CHECK(ward.health.on_dispatch(2, ward.now));
  CHECK(ward.admits(2) == Admission::open);           // the probe is on its way
  CHECK_FALSE(ward.health.on_dispatch(2, ward.now));  // and there is only one
  ward.fail(2, FailureClass::server);
  CHECK(ward.admits(2) == Admission::open);
  ward.now = ward.now.plus_ms(10'000);
  REQUIRE(ward.health.on_dispatch(2, ward.now));
  ward.health.on_success(2, 0, 0);
  CHECK(ward.admits(2) == Admission::ok);
  CHECK(ward.health.on_dispatch(2, ward.now));
}

TEST_CASE("health: a probe that is never heard of does not close the door for ever") {
  Ward ward;
  ward.fail(2, FailureClass::server, 3);
  ward.now = ward.now.plus_ms(10'000);
  REQUIRE(ward.health.on_dispatch(2, ward.now));
  SUBCASE("given up by the client") {
    ward.health.on_abandoned(2);
  }
  SUBCASE("ended by an error that says nothing") {
    ward.fail(2, FailureClass::client_invalid);
  }
  SUBCASE("lost") {
    ward.now = ward.now.plus_ms(10'000);
  }
  CHECK(ward.admits(2) == Admission::probe);
}

TEST_CASE("health: what a gauge shows of a breaker, and when it has to look again") {
  Ward ward;
  const auto fails = [&](std::int32_t target, FailureClass failure) {
    return ward.health.on_failure(target, failure, ward.now);
  };
  const auto until = [&](std::int32_t target) { return ward.health.open_until(target); };
  CHECK_FALSE(ward.health.on_success(2, 1, 1));
  CHECK_FALSE(fails(2, FailureClass::server));
  CHECK_FALSE(fails(2, FailureClass::server));
  CHECK(until(2) == Tick{});
  CHECK(fails(2, FailureClass::server));
  CHECK(until(2) == ward.now.plus_ms(10'000));
  CHECK(until(4) == Tick{});
  ward.now = ward.now.plus_ms(10'000);
  REQUIRE(ward.health.on_dispatch(2, ward.now));
  CHECK(until(2) == ward.now);            // half open, on its way or not
  CHECK(fails(2, FailureClass::server));  // the probe failed
  CHECK(until(2) == ward.now.plus_ms(10'000));
  CHECK(ward.health.on_success(2, 1, 1));
  CHECK(until(2) == Tick{});

  // A provider that cannot be reached opens for all its models, and an answer closes it.
  CHECK_FALSE(fails(0, FailureClass::transport));
  CHECK_FALSE(fails(0, FailureClass::transport));
  CHECK(fails(0, FailureClass::transport));
  CHECK(until(3) == ward.now.plus_ms(10'000));
  CHECK(until(1) == Tick{});
  CHECK(fails(3, FailureClass::client_invalid));
  CHECK(until(3) == Tick{});
  CHECK(until(0) == ward.now.plus_ms(10'000));  // that model's own breaker

  CHECK_FALSE(fails(4, FailureClass::rate_limited));  // parked
  CHECK(until(4) == Tick{});
}

TEST_CASE("health: a hint parks until its tick, longer hints win") {
  Ward ward;
  const Tick until = ward.now.plus_ms(3'000);
  ward.health.on_failure(2, FailureClass::rate_limited, ward.now, until);
  ward.health.on_failure(2, FailureClass::rate_limited, ward.now, ward.now.plus_ms(1'000));
  CHECK(ward.admits(2) == Admission::parked);
  CHECK(ward.health.available_at(2) == until);
  CHECK(ward.health.view(2, ward.now).until == until);
  ward.now = until;
  CHECK(ward.admits(2) == Admission::ok);
  ward.fail(2, FailureClass::overloaded);  // no hint: the breaker's business
  CHECK(ward.admits(2) == Admission::ok);
  ward.fail(2, FailureClass::rate_limited);  // no hint: parked for open_ms
  CHECK(ward.admits(2) == Admission::parked);
  CHECK(ward.admits(4) == Admission::ok);
}

TEST_CASE("health: unreachable for one model is unreachable for all of a provider's") {
  Ward ward;
  ward.fail(0, FailureClass::transport, 2);
  ward.fail(3, FailureClass::transport);
  CHECK(ward.health.provider_admits(0, ward.now) == Admission::open);
  CHECK(ward.admits(0) == Admission::open);
  CHECK(ward.admits(3) == Admission::open);
  CHECK(ward.admits(1) == Admission::ok);  // the same model elsewhere
  ward.now = ward.now.plus_ms(10'000);
  REQUIRE(ward.health.on_dispatch(3, ward.now));
  CHECK(ward.admits(0) == Admission::open);  // one probe per provider
  ward.fail(3, FailureClass::server);        // an answer, if a bad one: it can be reached
  CHECK(ward.health.provider_admits(0, ward.now) == Admission::ok);
  CHECK(ward.admits(0) == Admission::ok);
}

TEST_CASE("health: durations and failure shares are smoothed") {
  Ward ward;
  ward.health.on_success(2, 100, 1'000);
  ward.health.on_success(2, 900, 1'000);
  ward.health.on_success(2, 0, 0);  // unknown: not a measurement
  const TargetHealth view = ward.health.view(2, ward.now);
  CHECK(view.first_byte_ns == 200);
  CHECK(view.total_ns == 1'000);
  for (int i = 0; i < 500; ++i) {
    ward.health.on_unusable(2);
    ward.health.on_success(2, 1, 1);
  }
  CHECK(ward.health.failure_ppm(2) > 440'000);
  CHECK(ward.health.failure_ppm(2) < 520'000);
  CHECK(ward.admits(2) == Admission::ok);  // an unusable answer is no outage
}

TEST_CASE("health: survives a reload by name") {
  Ward ward;
  ward.fail(2, FailureClass::server, 3);
  GatewaySpec spec = market();
  std::swap(spec.models[0], spec.models[1]);
  std::swap(spec.providers[0], spec.providers[2]);
  spec.models.push_back(model_spec("deepseek-new", rates(1, 1), 50));
  const Catalog next = compile_catalog(spec).catalog;
  Health health(next, BreakerSpec{3, 10'000});
  health.carry_over(ward.health, ward.catalog, next);
  const std::int32_t moved = next.find_target(next.find_model("deepseek-flash"), 0);
  REQUIRE(moved != no_target);
  for (std::size_t i = 0; i < next.targets().size(); ++i) {
    const auto target = static_cast<std::int32_t>(i);
    CHECK(health.admits(target, ward.now) == (target == moved ? Admission::open : Admission::ok));
  }
}

TEST_CASE("health: any story, at most one probe at a time and never a stuck door") {
  const bool held = rc::check("breaker", [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Ward ward;
    int probes = 0;  // on their way to target 2
    for (int i = 0; i < 300; ++i) {
      const bool half_open = ward.admits(2) == Admission::probe;
      switch (random() % 5) {
        case 0:
          if (ward.health.on_dispatch(2, ward.now) && half_open) {
            RC_ASSERT(++probes == 1);
            RC_ASSERT(ward.admits(2) == Admission::open);
          }
          break;
        case 1:
          ward.fail(2, FailureClass::server);
          probes = 0;
          break;
        case 2:
          ward.health.on_success(2, 1, 1);
          probes = 0;
          break;
        case 3:
          ward.health.on_abandoned(2);
          probes = 0;
          break;
        case 4:
          ward.now = ward.now.plus_ms(static_cast<std::int64_t>(random() % 9'000));
          if (ward.admits(2) == Admission::probe) probes = 0;  // forgotten
          break;
      }
    }
    ward.now = ward.now.plus_ms(20'000);
    RC_ASSERT(ward.admits(2) != Admission::open);
  });
  CHECK(held);
}
