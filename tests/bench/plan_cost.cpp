// What a plan costs in instructions, as a function of the number of candidates:
//   valgrind --tool=callgrind --toggle-collect='*make_plan*' steelyard_bench_plan_cost 20
// and the total divided by the number of plans it prints. Between two plans an answer is learned,
// as in a serving worker.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "config/spec/gateway_spec.h"
#include "router/catalog.h"
#include "router/health.h"
#include "router/output_estimate.h"
#include "router/plan.h"

using namespace steelyard;

namespace {

GatewaySpec market_of(int models) {
  GatewaySpec spec;
  for (int i = 0; i < models; ++i) {
    ModelSpec model;
    model.name = "m" + std::to_string(i);
    PricePeriod period;
    const std::int64_t input = 100'000 + (i * 7919) % 5'000'000;
    period.rates.price = {PicoUsd{input}, {input / 10}, {input * 5 / 4}, {input * 2}, {input * 5}};
    if (i % 4 == 0) {  // long-context price
      Cliff cliff{200'000, CliffKind::whole_request, period.rates};
      for (PicoUsd& price : cliff.rates.price) price.v *= 2;
      period.cliffs.push_back(cliff);
    }
    model.prices.push_back(period);
    model.context_tokens = 400'000;
    model.output_tokens_max = 64'000;
    model.cache_min_tokens = 1'024;
    model.can = {true, true, true, true, true};
    model.token_ratio_percent = i % 3 == 0 ? 112 : 100;
    model.score = Score{40.0 + i % 25, 2.0, "bench", "2026-11-01"};
    spec.models.push_back(model);
  }
  TierSpec economy, standard, premium;
  economy.name = "economy";
  standard.name = "standard";
  premium.name = "premium";
  economy.min_score = 10;
  standard.min_score = 20;
  premium.min_score = 50;
  spec.tiers = {economy, standard, premium};
  ProviderSpec provider;
  provider.name = "p";
  provider.models = {"m*"};
  provider.dialect = "openai";
  spec.providers = {provider};
  return spec;
}

}  // namespace

int main(int argc, char** argv) {
  const int models = argc > 1 ? std::atoi(argv[1]) : 20;
  constexpr int plans = 2'000;
  const router::CompiledCatalog market = router::compile_catalog(market_of(models));
  const router::Health health(market.catalog, BreakerSpec{});
  router::OutputEstimates outputs;
  policies::RequestFacts facts;
  facts.input_tokens = 1'200;
  facts.input_tokens_upper = 1'260;
  facts.tools = true;
  policies::Verdict verdict;
  verdict.tier = 1;
  verdict.route = 77;
  verdict.escalate_on = 3;
  router::PlanInput input{facts, verdict};
  const router::ModelMask access = router::ModelMask::all();
  input.access = &access;
  input.at = Instant::from_seconds(1'795'000'000);
  router::Plan plan;
  std::int64_t sum = 0;
  for (int i = 0; i < plans; ++i) {
    router::make_plan(market.catalog, health, outputs, input, plan);
    const router::Model& model = market.catalog.model(i % models);
    outputs.observe(verdict.route, model.id, 200 + i % 700);
    sum += plan.attempts[0].expected.v + plan.baseline.v;
  }
  std::printf("%d plans, %d candidates, check sum %lld\n", plans, models,
              static_cast<long long>(sum));
}
