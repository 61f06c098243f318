// What is held covers whatever a request may be billed for, dimension by dimension.
#include <doctest/doctest.h>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

struct Row {
  const char* what;
  void (*spec)(ModelSpec&);
  void (*ask)(policies::RequestFacts&, PlanInput&);
  std::int64_t nano_usd;  // of at most 1,100 tokens of input and 500 of output
};

void as_it_is(ModelSpec&) {}
void plainly(policies::RequestFacts&, PlanInput&) {}

// claude-opus: $4 in, $20 out, $5 to write a cache, $8 to write one for an hour.
const Row rows[] = {
    {"plain", as_it_is, plainly, 1'100 * 4'000 + 500 * 20'000},
    {"three choices", as_it_is, [](policies::RequestFacts& f, PlanInput&) { f.choices = 3; },
     1'100 * 4'000 + 3 * 500 * 20'000},
    {"reasoning is output", as_it_is,
     [](policies::RequestFacts& f, PlanInput&) { f.reasoning = true; },
     1'100 * 4'000 + 500 * 20'000},
    {"a cache mark", as_it_is,
     [](policies::RequestFacts&, PlanInput& in) { in.marks = CacheWrites::five_minutes; },
     1'100 * 5'000 + 500 * 20'000},
    {"a cache mark for an hour", as_it_is,
     [](policies::RequestFacts&, PlanInput& in) { in.marks = CacheWrites::one_hour; },
     1'100 * 8'000 + 500 * 20'000},
    {"a cliff that the upper bound may pass",
     [](ModelSpec& m) {
       m.prices[0].cliffs.push_back({1'099, CliffKind::whole_request, rates(6'000, 30'000)});
     },
     plainly, 1'100 * 6'000 + 500 * 30'000},
    {"a cliff that it cannot pass",
     [](ModelSpec& m) {
       m.prices[0].cliffs.push_back({1'100, CliffKind::whole_request, rates(6'000, 30'000)});
     },
     plainly, 1'100 * 4'000 + 500 * 20'000},
    {"a cliff above which all is cheaper",
     [](ModelSpec& m) {
       m.prices[0].cliffs.push_back({1'000, CliffKind::whole_request, rates(1'000, 2'000)});
     },
     plainly, 1'000 * 4'000 + 500 * 20'000},
    {"a dearer service tier",
     [](ModelSpec& m) { m.prices[0].priority = rates(8'000, 40'000, 400, 8'000, 8'000); },
     [](policies::RequestFacts&, PlanInput& in) { in.service = ServiceTier::priority; },
     1'100 * 8'000 + 500 * 40'000},
    {"peak hours",
     [](ModelSpec& m) {
       ClockRule rule;
       rule.percent = 150;
       m.prices[0].clock.push_back(rule);
     },
     plainly, (1'100 * 4'000 + 500 * 20'000) * 3 / 2},
    {"a tokenizer that makes more of it", [](ModelSpec& m) { m.token_ratio_percent = 150; },
     plainly, 1'650 * 4'000 + 500 * 20'000},
};

}  // namespace

TEST_CASE("hold: covers choices, reasoning, cache writes, cliffs, service tiers, clocks") {
  for (const Row& row : rows) {
    CAPTURE(row.what);
    GatewaySpec spec = market();
    row.spec(spec.models[opus]);
    Bench bench(spec);
    bench.verdict.tier = policies::no_tier;
    bench.verdict.model = bench.verdict.asked_model = opus;
    bench.facts.input_tokens_upper = 1'100;
    bench.facts.output_tokens_max = 500;
    PlanInput input = bench.input();
    row.ask(bench.facts, input);
    const Plan& plan = bench.run(input);
    REQUIRE(plan.attempt_count == 1);
    CHECK(plan.attempts[0].worst_case.v == row.nano_usd);
    // And the planner that looks at few says the same.
    input.every_candidate = false;
    CHECK(bench.run(input).attempts[0].worst_case.v == row.nano_usd);
  }
}

TEST_CASE("hold: searches of the provider are held, and not sent where nobody knows their price") {
  GatewaySpec spec = market();
  spec.models[opus].prices[0].web_search = NanoUsd{10'000'000};
  for (const bool priced : {true, false})
    for (const bool limited : {true, false}) {
      CAPTURE(priced);
      CAPTURE(limited);
      if (!priced) spec.models[opus].prices[0].web_search.reset();
      Bench bench(spec);
      bench.verdict.tier = policies::no_tier;
      bench.verdict.model = bench.verdict.asked_model = opus;
      PlanInput input = bench.input();
      const std::int64_t before = bench.run(input).attempts[0].worst_case.v;
      const std::int64_t likely = bench.run(input).attempts[0].expected.v;
      input.web_searches = 4;
      input.client_dialect = "anthropic";
      input.fees_known = limited;
      const Plan& plan = bench.run(input);
      CHECK(plan.attempt_count == (priced || !limited ? 1 : 0));
      CHECK(plan.counts[static_cast<std::size_t>(Reason::no_tool_price)] ==
            (priced || !limited ? 0 : 1));
      if (!priced) continue;
      CHECK(plan.attempts[0].worst_case.v == before + 40'000'000);
      CHECK(plan.attempts[0].expected.v == likely + 10'000'000);
      input.unpriced_tools = true;
      CHECK(bench.run(input).attempt_count == (limited ? 0 : 1));
      // To a provider of another dialect the tool does not go out.
      input.client_dialect = "gemini";
      CHECK(bench.run(input).attempts[0].worst_case.v == before);
      CHECK(bench.run(input).attempts[0].expected.v == likely);
    }
}

TEST_CASE("hold: what has no price is not sent") {
  for (const char* what : {"no price now", "no price for this service tier"}) {
    CAPTURE(what);
    GatewaySpec spec = market();
    const bool now = std::string(what) == "no price now";
    if (now) spec.models[opus].prices[0].until = Instant::from_seconds(10);
    Bench bench(spec);
    bench.verdict.tier = policies::no_tier;
    bench.verdict.model = bench.verdict.asked_model = opus;
    PlanInput input = bench.input();
    if (!now) input.service = ServiceTier::priority;
    const Plan& plan = bench.run(input);
    CHECK(plan.attempt_count == 0);
    CHECK(plan.counts[static_cast<std::size_t>(Reason::no_price)] == 1);
  }
}
