// Random markets and requests against the promises of router/plan.h, checked in other words.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

struct World {
  explicit World(std::uint64_t seed) : random(seed) {}
  std::uint64_t up_to(std::uint64_t n) { return random() % n; }
  bool often() { return up_to(4) != 0; }

  GatewaySpec market_of() {
    GatewaySpec spec;
    const std::uint64_t models = 1 + up_to(20);
    for (std::uint64_t i = 0; i < models; ++i) {
      const auto price = [&] { return static_cast<std::int64_t>(up_to(6'000)); };
      ModelSpec model =
          model_spec(("m" + std::to_string(up_to(1000)) + "-" + std::to_string(i)).c_str(),
                     rates(price(), price(), price(), price()), static_cast<double>(up_to(70)));
      model.can = {often(), often(), often(), often(), often()};
      model.context_tokens = static_cast<std::int64_t>(1'000 + up_to(60'000));
      model.output_tokens_max = static_cast<std::int64_t>(100 + up_to(20'000));
      model.token_ratio_percent = static_cast<std::int32_t>(80 + up_to(80));
      if (!often()) model.score.reset();
      if (!often()) model.refuses = {"temperature"};
      if (!often()) model.prices[0].until = Instant::from_seconds(5);
      if (!often())
        model.prices[0].cliffs = {{static_cast<std::int64_t>(1 + up_to(9'000)),
                                   CliffKind::whole_request,
                                   rates(price(), price(), price(), price())}};
      spec.models.push_back(model);
    }
    spec.tiers = {tier_spec("economy", 20, 0.8), tier_spec("standard", 40, 0.9),
                  tier_spec("premium", 55, 0.95)};
    spec.providers.push_back(provider_spec("all", {"m*"}));
    for (const char* name : {"p", "q"})
      spec.providers.push_back(provider_spec(name, {"m" + std::to_string(up_to(10)) + "*"},
                                             often() ? "openai" : "anthropic"));
    return spec;
  }
  std::mt19937_64 random;
};

// Could this model serve, in the words of the documentation? Written without looking at the
// planner.
bool could_serve(const ModelSpec& model, const Bench& bench, const PlanInput& input,
                 const TierSpec* tier) {
  const policies::RequestFacts& facts = bench.facts;
  if (tier != nullptr) {
    if (!model.score) return false;
    const double z = tier->confidence == 0.8   ? 0.8416212335729143
                     : tier->confidence == 0.9 ? 1.2815515655446004
                                               : 1.6448536269514722;
    if (model.score->value < tier->min_score + z * model.score->standard_error - 1e-6) return false;
  }
  if ((facts.tools && !model.can.tools) || (facts.images && !model.can.vision)) return false;
  if ((facts.structured_output && !model.can.structured_output) ||
      (facts.reasoning && !model.can.reasoning))
    return false;
  if (input.parameters != 0 && !model.refuses.empty()) return false;
  if (model.prices[0].until <= input.at) return false;
  const double prompt =
      static_cast<double>(facts.input_tokens_upper) * model.token_ratio_percent / 100.0;
  if (facts.output_tokens_max > model.output_tokens_max) return false;
  if (facts.output_tokens_max > 0 && prompt + static_cast<double>(facts.output_tokens_max) >
                                         static_cast<double>(model.context_tokens))
    return false;
  return prompt + 1 <= static_cast<double>(model.context_tokens);
}

}  // namespace

TEST_CASE("plan: the promises hold in any market") {
  int routed = 0, refused = 0;
  const bool held = rc::check("plan", [&](std::uint64_t seed) {
    World world(seed);
    const GatewaySpec spec = world.market_of();
    Bench bench(spec);
    bench.verdict.tier = static_cast<std::int32_t>(world.up_to(4)) - 1;
    bench.facts.input_tokens = static_cast<std::int64_t>(world.up_to(9'000));
    bench.facts.input_tokens_upper =
        bench.facts.input_tokens + static_cast<std::int64_t>(world.up_to(500));
    bench.facts.output_tokens_max =
        world.often() ? static_cast<std::int64_t>(1 + world.up_to(6'000)) : 0;
    bench.facts.tools = !world.often();
    bench.facts.images = !world.often();
    bench.facts.reasoning = !world.often();
    bench.verdict.escalate_on = static_cast<std::uint8_t>(world.up_to(2));
    ModelMask access = ModelMask::all();
    for (int i = 0; i < 4; ++i) access.reset(world.up_to(20));
    for (int i = 0; i < 3; ++i) bench.verdict.allowed.reset(world.up_to(20));
    for (std::size_t i = 0; i < bench.catalog.targets().size(); ++i) {
      const auto target = static_cast<std::int32_t>(i);
      if (!world.often()) bench.health.on_failure(target, FailureClass::rate_limited, bench.now);
      if (!world.often())
        for (int k = 0; k < 5; ++k)
          bench.health.on_failure(target, FailureClass::server, bench.now);
      if (!world.often()) bench.health.on_unusable(target);
    }
    PlanInput input = bench.input();
    input.access = &access;
    input.parameters = static_cast<std::uint32_t>(world.up_to(2));
    input.every_candidate = world.often();
    const Plan plan = bench.run(input);
    routed += plan.attempt_count > 0;
    refused += plan.attempt_count == 0;

    const TierSpec* tier = bench.verdict.tier < 0
                               ? nullptr
                               : &spec.tiers[static_cast<std::size_t>(bench.verdict.tier)];
    for (const PlannedAttempt& attempt : plan.tries()) {
      const auto index = static_cast<std::size_t>(attempt.model);
      RC_ASSERT(could_serve(spec.models[index], bench, input, tier));
      RC_ASSERT(access.test(index) && bench.verdict.allowed.test(index));
      RC_ASSERT(bench.health.admits(attempt.target, bench.now) != Admission::parked);
      RC_ASSERT(attempt.forced ==
                (bench.health.admits(attempt.target, bench.now) == Admission::open));
      RC_ASSERT(attempt.output_tokens_max >= 1);
      RC_ASSERT(attempt.output_tokens_max <= spec.models[index].output_tokens_max);
      RC_ASSERT(attempt.input_tokens_upper + attempt.output_tokens_max <=
                spec.models[index].context_tokens);
      Usage most;  // a settle at the bound of the attempt never exceeds its hold
      most.input = attempt.input_tokens_upper;
      most.output = attempt.output_tokens_max;
      RC_ASSERT(cost_of(most, bench.catalog.model(attempt.model).prices.tariff_at(input.at)) <=
                attempt.worst_case);
    }
    for (std::size_t i = 0; i + 1 < plan.attempt_count; ++i)
      RC_ASSERT(plan.attempts[i].expected <= plan.attempts[i + 1].expected);
    std::size_t usable = 0;
    for (const Candidate& candidate : plan.listed()) {
      if (candidate.reason != Reason::ok) continue;
      ++usable;
      RC_ASSERT(plan.attempt_count > 0);
      RC_ASSERT(plan.attempts[0].expected <= candidate.expected);
    }
    RC_ASSERT(plan.attempt_count == std::min<std::size_t>(usable, limits::attempts_max));

    // Nobody who could serve was refused for a reason of fitness.
    for (std::size_t m = 0; input.every_candidate && m < spec.models.size(); ++m) {
      const Model& model = bench.catalog.model(static_cast<std::int32_t>(m));
      if (model.target_count == 0 || !access.test(m) || !bench.verdict.allowed.test(m)) continue;
      const bool fits_comfortably =
          could_serve(spec.models[m], bench, input, tier) &&
          model.tokens_at_most(bench.facts.input_tokens_upper) +
                  std::max<std::int64_t>(256, bench.facts.output_tokens_max) + 1 <=
              model.context_tokens;
      const double margin = tier == nullptr || !spec.models[m].score
                                ? 1
                                : std::abs(spec.models[m].score->value - tier->min_score);
      if (!fits_comfortably || margin == 0) continue;
      bool listed = false;
      for (const Candidate& candidate : plan.listed())
        listed = listed || (candidate.model == static_cast<std::int32_t>(m) &&
                            (candidate.reason == Reason::ok || candidate.reason == Reason::parked ||
                             candidate.reason == Reason::breaker_open));
      RC_ASSERT(listed);
    }

    // The same inputs give the same plan, also over a used Plan.
    const Plan again = bench.run(input);
    RC_ASSERT(again.attempt_count == plan.attempt_count);
    for (std::size_t i = 0; i < plan.attempt_count; ++i) {
      RC_ASSERT(again.attempts[i].target == plan.attempts[i].target);
      RC_ASSERT(again.attempts[i].worst_case == plan.attempts[i].worst_case);
    }
    // Listing the others, too, changes nothing.
    input.every_candidate = !input.every_candidate;
    const Plan& other = bench.run(input);
    RC_ASSERT(other.attempt_count == plan.attempt_count);
    if (plan.attempt_count > 0) RC_ASSERT(other.attempts[0].target == plan.attempts[0].target);
  });
  CHECK(held);
  MESSAGE("routed ", routed, ", refused ", refused);
  CHECK(routed > 15);
  CHECK(refused > 0);
}
