#pragma once
// Small configurations built in code, for the tests of router/.
#include <random>
#include <string>

#include "config/spec/gateway_spec.h"
#include "policies/facts.h"
#include "policies/verdict.h"
#include "router/catalog.h"
#include "router/health.h"
#include "router/output_estimate.h"
#include "router/plan.h"

namespace steelyard::router {

constexpr std::int64_t per_mtok = 1'000'000;  // pico-dollars per token for $1 per million tokens

// Dollars per million tokens, in thousandths: rates(2'000, 10'000) is $2 in, $10 out.
inline Rates rates(std::int64_t input, std::int64_t output, std::int64_t read = -1,
                   std::int64_t write = -1, std::int64_t write_1h = -1) {
  const auto price = [](std::int64_t thousandths) {
    return PicoUsd{thousandths * (per_mtok / 1000)};
  };
  Rates out;
  out.price = {price(input), price(read < 0 ? input : read), price(write < 0 ? input : write),
               price(write_1h < 0 ? (write < 0 ? input : write) : write_1h), price(output)};
  return out;
}

inline ModelSpec model_spec(const char* name, Rates prices, double score = -1) {
  ModelSpec model;
  model.name = name;
  model.vendor = "vendor";
  PricePeriod period;
  period.rates = prices;
  model.prices.push_back(period);
  model.context_tokens = 400'000;
  model.output_tokens_max = 128'000;
  model.can = {true, true, true, true, true};
  if (score >= 0) model.score = Score{score, 2.0, "test", "2026-11-01"};
  return model;
}

inline TierSpec tier_spec(const char* name, double min_score, double confidence = 0.5) {
  TierSpec tier;
  tier.name = name;
  tier.min_score = min_score;
  tier.confidence = confidence;
  return tier;
}

inline ProviderSpec provider_spec(const char* name, std::vector<std::string> models,
                                  const char* dialect = "openai") {
  ProviderSpec provider;
  provider.name = name;
  provider.models = std::move(models);
  provider.dialect = dialect;
  return provider;
}

// Four models, three tiers, two providers of gpt-6-luna.
//   deepseek-flash  $0.15 / $0.60  score 50    gpt-6-luna    $0.10 / $0.50   score 51, automatic
//   cache writes gpt-6-terra     $2 / $12       score 56    claude-opus   $4 / $20        score 61,
//   marked cache
inline GatewaySpec market() {
  GatewaySpec spec;
  spec.models = {model_spec("gpt-6-luna", rates(100, 500, 10, 125), 51),
                 model_spec("deepseek-flash", rates(150, 600, 5), 50),
                 model_spec("gpt-6-terra", rates(2'000, 12'000, 200, 2'500), 56),
                 model_spec("claude-opus", rates(4'000, 20'000, 200, 5'000, 8'000), 61)};
  spec.tiers = {tier_spec("economy", 40), tier_spec("standard", 50), tier_spec("premium", 55)};
  spec.providers = {provider_spec("openai", {"gpt-*"}), provider_spec("azure", {"gpt-6-luna"}),
                    provider_spec("deepseek", {"deepseek-*"}),
                    provider_spec("anthropic", {"claude-*"}, "anthropic")};
  return spec;
}
constexpr std::int32_t luna = 0, flash = 1, terra = 2, opus = 3;
constexpr std::int32_t economy = 0, standard = 1, premium = 2;

// Everything a plan needs, with knobs.
struct Bench {
  explicit Bench(const GatewaySpec& spec = market())
      : catalog(compile_catalog(spec).catalog), health(catalog, spec.breaker) {
    facts.input_tokens = facts.input_tokens_upper = 1'000;
    verdict.tier = standard;
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  PlanInput input() const {
    PlanInput in{facts, verdict};
    in.at = Instant::from_seconds(1'795'000'000);
    in.now = now;
    in.every_candidate = true;
    return in;
  }
  const Plan& run(const PlanInput& in) {
    make_plan(catalog, health, outputs, in, plan);
    return plan;
  }
  const Plan& run() { return run(input()); }
  const Candidate* candidate(std::int32_t model) const {
    for (const Candidate& c : plan.listed())
      if (c.model == model) return &c;
    return nullptr;
  }
  Reason reason(std::int32_t model) const { return candidate(model)->reason; }
  std::int32_t target(std::int32_t model) const { return catalog.model(model).target_first; }

  Catalog catalog;
  Health health;
  OutputEstimates outputs;
  policies::RequestFacts facts;
  policies::Verdict verdict;
  Tick now{1'000'000'000'000};
  Plan plan;
};

}  // namespace steelyard::router
