// Conversations: when does a warm cache keep a request, and when is it left?
#include <doctest/doctest.h>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

// 100 000 tokens of history, warm at opus; the policy asks for the given tier.
struct Talk : Bench {
  explicit Talk(std::int32_t tier, const GatewaySpec& spec = market()) : Bench(spec) {
    verdict.tier = tier;
    facts.input_tokens = facts.input_tokens_upper = 100'000;
    cache[0] = {target(opus), 99'000};
  }
  PlanInput input() const {
    PlanInput in = Bench::input();
    in.warm = cache;
    in.warm_target = cache[0].target;
    in.marks = CacheWrites::five_minutes;
    return in;
  }
  WarmCache cache[1];
};

}  // namespace

TEST_CASE("session: a warm dear model beats a cold cheaper one") {
  Talk talk(premium);
  const Plan& plan = talk.run(talk.input());
  CHECK(plan.attempts[0].model == opus);  // 99 000 at $0.20 against 100 000 at $2.50
  CHECK(plan.session == SessionMove::stayed);
  PlanInput cold = talk.input();
  cold.warm = {};
  cold.warm_target = no_target;
  CHECK(talk.run(cold).attempts[0].model == terra);
}

TEST_CASE("session: it is left for a model so cheap that a cold start pays at once") {
  Talk talk(standard);
  const Plan& plan = talk.run(talk.input());
  CHECK(plan.attempts[0].model == luna);
  CHECK(plan.session == SessionMove::left);
  CHECK(plan.leave < plan.stay);
}

TEST_CASE("session: more turns to come make leaving pay") {
  GatewaySpec spec = market();
  spec.models[terra].prices[0].rates = rates(500, 4'000, 20, 600);
  Talk talk(premium, spec);
  PlanInput input = talk.input();
  input.session.turns_left = 1;
  CHECK(talk.run(input).session == SessionMove::stayed);
  input.session.turns_left = 20;
  CHECK(talk.run(input).session == SessionMove::left);
  CHECK(talk.plan.attempts[0].model == terra);
  input.session.margin = 10_usd;  // not worth the trouble
  CHECK(talk.run(input).session == SessionMove::stayed);
}

TEST_CASE("session: the formula, by hand") {
  GatewaySpec spec = market();
  spec.providers = {provider_spec("a", {"gpt-6-terra"}),
                    provider_spec("b", {"claude-opus"}, "anthropic")};
  Talk talk(premium, spec);
  PlanInput input = talk.input();
  input.session = {5, 10, {0}};
  const Plan& plan = talk.run(input);
  const std::int64_t out = 600;
  const std::int64_t stay_warm = 99'000 * 200 + 1'000 * 5'000 + out * 20'000;
  const std::int64_t there_warm = 99'000 * 200 + 1'000 * 2'500 + out * 12'000;
  const std::int64_t there_now = 100'000 * 2'500 + out * 12'000;
  const std::int64_t rewarm = 100'000 * 5'000 + out * 20'000 - stay_warm;
  CHECK(plan.stay.v == 5 * stay_warm);
  CHECK(plan.leave.v == 5 * there_warm + (there_now - there_warm) + rewarm / 10);
}

TEST_CASE("session: never in the middle of a tool loop") {
  Talk talk(standard);
  talk.facts.tool_loop = true;
  const Plan& plan = talk.run(talk.input());
  CHECK(plan.session == SessionMove::locked);
  REQUIRE(plan.attempt_count == 1);
  CHECK(plan.attempts[0].model == opus);
  CHECK(talk.reason(luna) == Reason::session_lock);
  PlanInput capped = talk.input();
  capped.max_tier = economy;  // not even for the budget's ladder
  CHECK(talk.run(capped).attempts[0].model == opus);
  for (int i = 0; i < 5; ++i)
    talk.health.on_failure(talk.target(opus), FailureClass::server, talk.now);
  CHECK(talk.run(talk.input()).attempts[0].forced);
  const ModelMask access = ModelMask::only(luna);  // but a key's rights hold
  PlanInput barred = talk.input();
  barred.access = &access;
  CHECK(talk.run(barred).attempt_count == 0);
}

TEST_CASE("session: a tool loop may move to the same model at another provider") {
  Bench bench;
  bench.facts.tool_loop = true;
  PlanInput input = bench.input();
  input.warm_target = bench.catalog.find_target(luna, 1);
  CHECK(bench.run(input).attempts[0].target ==
        input.warm_target);  // though the other is listed first
  CHECK(bench.plan.attempt_count == 2);
  bench.health.on_failure(input.warm_target, FailureClass::rate_limited, bench.now,
                          bench.now.plus_ms(50));
  CHECK(bench.run(input).attempts[0].target == bench.catalog.find_target(luna, 0));
  input.bound_target = input.warm_target;  // unless the provider holds the state
  CHECK(bench.run(input).attempt_count == 0);
  CHECK(bench.plan.retry_at == bench.now.plus_ms(50));
}

TEST_CASE("session: sticky means as long as it can serve") {
  Talk talk(standard);
  talk.verdict.sticky = true;
  CHECK(talk.run(talk.input()).attempts[0].model == opus);
  CHECK(talk.plan.session == SessionMove::stayed);
  talk.health.on_failure(talk.target(opus), FailureClass::rate_limited, talk.now,
                         talk.now.plus_ms(50));
  CHECK(talk.run(talk.input()).attempts[0].model == luna);
  CHECK(talk.plan.session == SessionMove::lost);
}

TEST_CASE("session: a client that names another model has moved on") {
  Talk talk(policies::no_tier);
  talk.verdict.model = talk.verdict.asked_model = luna;
  talk.facts.tool_loop = true;
  CHECK(talk.run(talk.input()).attempts[0].model == luna);
  CHECK(talk.plan.session == SessionMove::none);
  PlanInput garbage = talk.input();
  garbage.warm_target = 9'999;
  garbage.bound_target = -7;
  CHECK(talk.run(garbage).attempts[0].model == luna);
}
