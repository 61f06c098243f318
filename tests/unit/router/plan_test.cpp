// Stories: one market, one request, one twist each.
#include <doctest/doctest.h>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

TEST_CASE("plan: the cheapest model that keeps the tier's promise") {
  struct Row {
    std::int32_t tier, model;
  };
  for (const Row& row : {Row{economy, luna}, Row{standard, luna}, Row{premium, terra}}) {
    Bench bench;
    bench.verdict.tier = row.tier;
    const Plan& plan = bench.run();
    REQUIRE(plan.attempt_count > 0);
    CHECK(plan.attempts[0].model == row.model);
    CHECK(plan.effective_tier == row.tier);
  }
}

TEST_CASE("plan: fallbacks are the next cheapest, each on another target") {
  Bench bench;
  const Plan& plan = bench.run();
  REQUIRE(plan.attempt_count == 4);
  CHECK(plan.attempts[0].target == bench.catalog.find_target(luna, 0));
  CHECK(plan.attempts[1].target ==
        bench.catalog.find_target(luna, 1));  // same price, next provider
  CHECK(plan.attempts[2].model == flash);
  CHECK(plan.attempts[3].model == terra);
  PlanInput two = bench.input();
  two.attempts = 2;
  CHECK(bench.run(two).attempt_count == 2);
  bench.verdict.tier = premium;
  CHECK(bench.run().attempt_count == 2);  // terra, opus: nothing below the promise
}

TEST_CASE("plan: figures of an attempt, by hand") {
  Bench bench;
  bench.verdict.tier = policies::no_tier;
  bench.verdict.model = bench.verdict.asked_model = terra;
  bench.facts.output_tokens_max = 500;
  bench.facts.input_tokens_upper = 1'100;
  const Plan& plan = bench.run();
  REQUIRE(plan.attempt_count == 1);
  const PlannedAttempt& attempt = plan.attempts[0];
  // automatic cache writes: 1 000 in at $2.50, 500 out (prior 600, capped) at $12
  CHECK(attempt.expected.v == 1'000 * 2'500 + 500 * 12'000);
  CHECK(attempt.worst_case.v == 1'100 * 2'500 + 500 * 12'000);
  CHECK(attempt.output_tokens_max == 500);
  CHECK_FALSE(attempt.clamped);
  CHECK(plan.baseline_model == terra);
  CHECK(plan.baseline == attempt.expected);
  bench.facts.choices = 3;
  CHECK(bench.run().attempts[0].worst_case.v == 1'100 * 2'500 + 3 * 500 * 12'000);
}

TEST_CASE("plan: why a model is no candidate") {
  struct Row {
    const char* why;
    Reason reason;
    std::int32_t model;
    GatewaySpec spec;
    policies::RequestFacts facts;
    std::uint32_t parameters = 0;
  };
  std::vector<Row> rows;
  const auto add = [&](const char* why, Reason reason, std::int32_t model, auto change) {
    Row row{why, reason, model, market(), {}, 0};
    row.facts.input_tokens = row.facts.input_tokens_upper = 1'000;
    change(row.spec, row);
    rows.push_back(row);
  };
  using G = GatewaySpec;
  add("nobody serves it", Reason::no_provider, flash,
      [](G& s, Row&) { s.providers[2].models = {}; });
  add("no score", Reason::no_evidence, luna, [](G& s, Row&) { s.models[luna].score.reset(); });
  add("low score", Reason::tier_score, luna, [](G& s, Row&) { s.models[luna].score->value = 49; });
  add("tools", Reason::no_tools, luna, [](G& s, Row& r) {
    s.models[luna].can.tools = false;
    r.facts.tools = true;
  });
  add("images", Reason::no_vision, luna, [](G& s, Row& r) {
    s.models[luna].can.vision = false;
    r.facts.images = true;
  });
  add("schema", Reason::no_structured_output, luna, [](G& s, Row& r) {
    s.models[luna].can.structured_output = false;
    r.facts.structured_output = true;
  });
  add("thinking", Reason::no_reasoning, luna, [](G& s, Row& r) {
    s.models[luna].can.reasoning = false;
    r.facts.reasoning = true;
  });
  add("parameter", Reason::refuses_parameter, luna, [](G& s, Row& r) {
    s.models[luna].refuses = {"temperature"};
    r.parameters = 1;
  });
  add("prompt too long", Reason::context_too_small, luna,
      [](G& s, Row&) { s.models[luna].context_tokens = 1'100; });
  add("prompt and answer too long", Reason::context_too_small, luna, [](G& s, Row& r) {
    s.models[luna].context_tokens = 5'000;
    r.facts.output_tokens_max = 4'001;
  });
  add("its own tokens are more", Reason::context_too_small, luna, [](G& s, Row& r) {
    s.models[luna].context_tokens = 5'000;
    s.models[luna].token_ratio_percent = 130;
    r.facts.output_tokens_max = 3'701;
  });
  add("answer too long", Reason::output_limit, luna, [](G& s, Row& r) {
    s.models[luna].output_tokens_max = 4'000;
    r.facts.output_tokens_max = 4'001;
  });
  add("no price today", Reason::no_price, luna,
      [](G& s, Row&) { s.models[luna].prices[0].until = Instant::from_seconds(10); });
  for (const Row& row : rows) {
    CAPTURE(row.why);
    Bench bench(row.spec);
    bench.facts = row.facts;
    PlanInput input = bench.input();
    input.parameters = row.parameters;
    const Plan& plan = bench.run(input);
    CHECK(bench.reason(row.model) == row.reason);
    CHECK(plan.counts[static_cast<std::size_t>(row.reason)] == 1);
    for (const PlannedAttempt& attempt : plan.tries()) CHECK(attempt.model != row.model);
    CHECK(plan.attempt_count > 0);
    CHECK(std::string(text_of(row.reason)) != "unknown");
  }
}

TEST_CASE("plan: just within every limit") {
  GatewaySpec spec = market();
  spec.models[luna].context_tokens = 5'000;
  spec.models[luna].output_tokens_max = 4'000;
  Bench bench(spec);
  bench.facts.output_tokens_max = 4'000;
  CHECK(bench.run().attempts[0].model == luna);
  bench.facts.output_tokens_max = 0;  // the default is lowered to what fits
  bench.facts.input_tokens = bench.facts.input_tokens_upper = 4'500;
  const Plan& plan = bench.run();
  CHECK(plan.attempts[0].model == luna);
  CHECK(plan.attempts[0].output_tokens_max == 500);
  CHECK_FALSE(plan.attempts[0].clamped);
}

TEST_CASE("plan: masks of the key and of the policy") {
  Bench bench;
  const ModelMask access = ModelMask::all().remove(ModelMask::only(luna));
  bench.verdict.allowed.reset(flash);
  PlanInput input = bench.input();
  input.access = &access;
  const Plan& plan = bench.run(input);
  CHECK(bench.reason(luna) == Reason::not_allowed);
  CHECK(bench.reason(flash) == Reason::not_in_policy);
  CHECK(plan.attempts[0].model == terra);
  input.every_candidate = false;  // the hot path weighs only the rest
  CHECK(bench.run(input).candidate_count == 2);
  CHECK(bench.plan.attempts[0].model == terra);
}

TEST_CASE("plan: a model asked for by name is served by its own targets, as asked") {
  GatewaySpec spec = market();
  spec.models[luna].can.tools = false;
  spec.models[luna].output_tokens_max = 2'000;
  spec.models[luna].score.reset();
  Bench bench(spec);
  bench.verdict.tier = policies::no_tier;
  bench.verdict.model = bench.verdict.asked_model = luna;
  bench.facts.tools = true;
  bench.facts.output_tokens_max = 8'000;
  const Plan& plan = bench.run();
  REQUIRE(plan.attempt_count == 2);
  CHECK(plan.attempts[0].model == luna);
  CHECK(plan.attempts[1].model == luna);
  CHECK(plan.attempts[0].target != plan.attempts[1].target);
  CHECK(plan.attempts[0].output_tokens_max == 2'000);
  CHECK(plan.attempts[0].clamped);
  CHECK(bench.reason(terra) == Reason::not_asked);
  const ModelMask access = ModelMask::only(terra);
  PlanInput input = bench.input();
  input.access = &access;
  CHECK(bench.run(input).attempt_count == 0);
  CHECK(bench.reason(luna) == Reason::not_allowed);
}

TEST_CASE("plan: a cliff makes the cheap list price dear") {
  GatewaySpec spec = market();
  spec.models[luna].prices[0].cliffs = {{100'000, CliffKind::whole_request, rates(500, 2'500)}};
  Bench bench(spec);
  bench.facts.input_tokens = bench.facts.input_tokens_upper = 100'000;
  CHECK(bench.run().attempts[0].model == luna);
  bench.facts.input_tokens = bench.facts.input_tokens_upper = 100'001;
  CHECK(bench.run().attempts[0].model == flash);
}

TEST_CASE("plan: peak hours send the request elsewhere") {
  GatewaySpec spec = market();
  for (PricePeriod* period : {&spec.models[luna].prices[0]}) period->clock = {{0x7F, 60, 240, 200}};
  Bench bench(spec);
  PlanInput input = bench.input();
  input.at = Instant::from_seconds(1'795'046'400 + 30 * 60);  // 00:30 UTC
  CHECK(bench.run(input).attempts[0].model == luna);
  input.at = Instant::from_seconds(1'795'046'400 + 90 * 60);  // 01:30 UTC
  CHECK(bench.run(input).attempts[0].model == flash);
}

TEST_CASE("plan: a talkative model loses to a terse one") {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.outputs.observe(0, bench.catalog.model(luna).id, 9'000);
  for (int i = 0; i < 200; ++i) bench.outputs.observe(0, bench.catalog.model(flash).id, 150);
  CHECK(bench.run().attempts[0].model == flash);
  CHECK(bench.candidate(luna)->output_expected > 8'000);
}

TEST_CASE("plan: the risk of failing has a price") {
  Bench bench;
  for (int i = 0; i < 100; ++i) {  // every other answer of luna is unusable, at both providers
    for (const std::int32_t provider : {0, 1}) {
      const std::int32_t target = bench.catalog.find_target(luna, provider);
      bench.health.on_unusable(target);
      bench.health.on_success(target, 1, 1);
    }
  }
  bench.verdict.escalate_on = 1;  // and then an expensive model has to answer
  CHECK(bench.run().attempts[0].model == flash);
}

TEST_CASE("plan: breakers, parking, and the last target left") {
  Bench bench;
  bench.verdict.tier = premium;  // terra, opus
  const auto open = [&](std::int32_t model) {
    for (int i = 0; i < 5; ++i)
      bench.health.on_failure(bench.target(model), FailureClass::server, bench.now);
  };
  open(terra);
  CHECK(bench.run().attempts[0].model == opus);
  CHECK(bench.reason(terra) == Reason::breaker_open);
  open(opus);
  const Plan& plan = bench.run();
  REQUIRE(plan.attempt_count == 2);
  CHECK(plan.attempts[0].model == terra);  // better a doubtful attempt than none
  CHECK(plan.attempts[0].forced);
  const Tick later = bench.now.plus_ms(2'500);
  bench.health.on_failure(bench.target(terra), FailureClass::rate_limited, bench.now, later);
  CHECK(bench.run().attempts[0].model == opus);
  bench.health.on_failure(bench.target(opus), FailureClass::rate_limited, bench.now,
                          later.plus_ms(1));
  CHECK(bench.run().attempt_count == 0);  // both asked to be left alone: nobody is disturbed
  CHECK(bench.plan.counts[static_cast<std::size_t>(Reason::parked)] == 2);
  CHECK(bench.plan.retry_at >= later);
  CHECK(bench.plan.retry_at.ns < INT64_MAX);
}

TEST_CASE("plan: no room in the budget: refuse, lower the answer, or take a cheaper model") {
  Bench bench;
  bench.facts.output_tokens_max = 1'000;
  PlanInput input = bench.input();
  input.room = {400'000};  // luna: 1 000 * 125 + 1 000 * 500 = 625 000
  CHECK(bench.run(input).attempt_count == 0);
  CHECK(bench.reason(luna) == Reason::over_budget);
  input.when_over = WhenOverRoom::clamp_output;
  const Plan& plan = bench.run(input);
  REQUIRE(plan.attempt_count > 0);
  CHECK(plan.attempts[0].model == luna);
  CHECK(plan.attempts[0].output_tokens_max == 550);
  CHECK(plan.attempts[0].clamped);
  CHECK(plan.attempts[0].worst_case.v == 400'000);
  input.room = {200'000};  // 150 tokens would fit: of no use
  CHECK(bench.run(input).attempt_count == 0);
  input.when_over = WhenOverRoom::refuse;
  input.room = {650'000};
  bench.verdict.tier = policies::no_tier;
  CHECK(bench.run(input).attempts[0].model == luna);
  CHECK(bench.reason(opus) == Reason::over_budget);
}

TEST_CASE("plan: the budget's tier cap lowers the promise and releases named models") {
  Bench bench;
  bench.verdict.tier = premium;
  PlanInput input = bench.input();
  input.max_tier = economy;
  CHECK(bench.run(input).attempts[0].model == luna);
  CHECK(bench.plan.effective_tier == economy);
  bench.verdict.tier = policies::no_tier;
  bench.verdict.model = bench.verdict.asked_model = opus;
  CHECK(bench.run(input).attempts[0].model == luna);
  CHECK(bench.reason(opus) == Reason::max_tier_by_budget);
  CHECK(bench.plan.baseline_model == opus);
  CHECK(bench.plan.baseline > bench.plan.attempts[0].expected);
  input.max_tier = premium;
  CHECK(bench.run(input).attempts[0].model == opus);
}

TEST_CASE("plan: escalation goes to a better model, never to the same") {
  Bench bench;
  bench.verdict.escalate_on = 1;
  const Plan& plan = bench.run();
  CHECK(plan.attempts[0].model == luna);
  REQUIRE(plan.escalation.target != no_target);
  CHECK(plan.escalation.model == terra);
  bench.verdict.tier = premium;
  CHECK(bench.run().escalation.model == opus);
  bench.verdict.escalate_on = 0;
  CHECK(bench.run().escalation.target == no_target);
}

TEST_CASE("plan: the counterfactual of auto is the dearest premium model this key could use") {
  Bench bench;
  CHECK(bench.run().baseline_model == opus);
  const ModelMask access = ModelMask::all().remove(ModelMask::only(opus));
  PlanInput input = bench.input();
  input.access = &access;
  CHECK(bench.run(input).baseline_model == terra);
  Usage usage;
  usage.input = 1'000;
  usage.output = 100;
  CHECK(cost_elsewhere(bench.catalog, luna, opus, usage, input.at).v ==
        1'000 * 4'000 + 100 * 20'000);
}

TEST_CASE("plan: tokens are scaled by each model's tokenizer") {
  GatewaySpec spec = market();
  spec.models[luna].token_ratio_percent = 200;  // twice as many tokens: dearer than flash
  Bench bench(spec);
  CHECK(bench.run().attempts[0].model == flash);
  Usage usage;
  usage.input = 1'000;
  CHECK(cost_elsewhere(bench.catalog, flash, luna, usage, bench.input().at).v == 2'000 * 100);
  CHECK(cost_elsewhere(bench.catalog, luna, flash, usage, bench.input().at).v == 500 * 150);
}

TEST_CASE("plan: no tiers configured: every model may serve") {
  GatewaySpec spec = market();
  spec.tiers.clear();
  for (ModelSpec& model : spec.models) model.score.reset();
  Bench bench(spec);
  bench.verdict.tier = policies::no_tier;
  CHECK(bench.run().attempts[0].model == luna);
  CHECK(bench.plan.attempt_count == 4);
}

TEST_CASE("plan: more candidates than the list holds, the cheapest is still found") {
  GatewaySpec spec = market();
  for (int i = 0; i < 200; ++i)
    spec.models.push_back(
        model_spec(("x" + std::to_string(i)).c_str(), rates(9'000 - i * 44, 9'000), 60));
  spec.providers.push_back(provider_spec("x", {"x*"}));
  spec.models.push_back(model_spec("zz", rates(1, 1), 60));
  spec.providers.push_back(provider_spec("zz", {"zz"}));
  Bench bench(spec);
  const Plan& plan = bench.run();
  CHECK(plan.attempts[0].model == static_cast<std::int32_t>(spec.models.size() - 1));
  CHECK(plan.candidate_count == limits::candidates_max);
  CHECK(plan.omitted > 100);
}
