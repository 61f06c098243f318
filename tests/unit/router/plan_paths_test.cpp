// The quick path makes the plan that the general path makes, in random markets.
#include <doctest/doctest.h>

#include "router/planner.h"
#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

struct Dice {
  explicit Dice(std::uint64_t seed) : random(seed) {}
  std::int64_t up_to(std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  }
  bool one_in(std::int64_t n) { return up_to(n) == 0; }
  std::mt19937_64 random;
};

Rates any_rates(Dice& dice) {
  // Few prices, so that many candidates cost the same; now and then ones beyond 64 bits.
  const std::int64_t scale = dice.one_in(40) ? 1'000'000'000'000 : dice.one_in(2) ? 1'000 : 1;
  const auto price = [&] { return dice.up_to(4) * scale; };
  Rates any = rates(price(), price(), price(), price(), price());
  if (dice.one_in(2))
    for (PicoUsd& pico : any.price) pico.v += dice.up_to(700);  // sums that have to be rounded
  return any;
}

void add_prices(Dice& dice, ModelSpec& model) {
  if (dice.one_in(6)) {
    model.prices.push_back(PricePeriod(model.prices[0]));
    model.prices[1].rates = any_rates(dice);
    model.prices[0].until = model.prices[1].from =
        Instant::from_seconds(1'794'999'990 + dice.up_to(20));
  }
  PricePeriod& last = model.prices.back();
  if (dice.one_in(8)) last.until = Instant::from_seconds(1'795'000'000 + dice.up_to(3) - 1);
  if (dice.one_in(6))
    last.clock = {{0x7F, 0, static_cast<std::int32_t>(1 + dice.up_to(1440)),
                   dice.one_in(9) ? 1'200 : static_cast<std::int32_t>(dice.up_to(300))}};
  for (std::int64_t above = dice.up_to(9'000), i = dice.up_to(6) - 3; i > 0; --i) {
    last.cliffs.push_back({above += 1 + dice.up_to(500),
                           dice.one_in(2) ? CliffKind::marginal : CliffKind::whole_request,
                           any_rates(dice)});
  }
  if (dice.one_in(4)) last.flex = any_rates(dice);
  if (dice.one_in(15)) model.prices.clear();
}

GatewaySpec any_market(Dice& dice) {
  GatewaySpec spec;
  const std::int64_t models = dice.one_in(12) ? 60 + dice.up_to(60) : 1 + dice.up_to(25);
  for (std::int64_t i = 0; i < models; ++i) {
    const std::string name = "m" + std::to_string(dice.up_to(10)) + "-" + std::to_string(i);
    ModelSpec model = model_spec(name.c_str(), any_rates(dice));
    model.score = Score{static_cast<double>(dice.up_to(70)), 2.0, "test", "2026-11-01"};
    if (dice.one_in(8)) model.score.reset();
    const auto mostly = [&] { return !dice.one_in(6); };
    model.can = {mostly(), mostly(), mostly(), mostly(), mostly()};
    model.context_tokens = dice.one_in(8) ? 0 : 2'000 + dice.up_to(40'000);
    model.output_tokens_max = dice.one_in(8) ? 0 : 100 + dice.up_to(9'000);
    model.cache_min_tokens = dice.one_in(2) ? 0 : dice.up_to(9'000);
    model.token_ratio_percent =
        static_cast<std::int32_t>(dice.one_in(2) ? 100 : 70 + dice.up_to(90));
    if (dice.one_in(5)) model.refuses = {"temperature"};
    add_prices(dice, model);
    spec.models.push_back(model);
  }
  spec.tiers = {tier_spec("economy", 15, 0.8), tier_spec("standard", 35), tier_spec("premium", 50)};
  for (const char* name : {"p", "q", "r"}) {
    const std::string some = "m" + std::to_string(dice.up_to(10)) + "*";
    spec.providers.push_back(provider_spec(name, {dice.one_in(2) ? "m*" : some},
                                           dice.one_in(2) ? "openai" : "anthropic"));
  }
  return spec;
}

// One market that serves a while: answers are learned, targets fail and recover.
struct Shop {
  explicit Shop(std::uint64_t seed) : dice(seed), bench(any_market(dice)) {}

  std::int32_t any_model() {
    return static_cast<std::int32_t>(
        dice.up_to(static_cast<std::int64_t>(bench.catalog.models().size())));
  }
  std::int32_t any_target() {
    const auto count = static_cast<std::int64_t>(bench.catalog.targets().size());
    return count == 0 ? no_target : static_cast<std::int32_t>(dice.up_to(count));
  }
  void live() {
    bench.now = bench.now.plus_ms(dice.up_to(20'000));
    for (std::int64_t i = dice.up_to(4); i > 0; --i)
      bench.outputs.observe(static_cast<std::uint64_t>(dice.up_to(3)),
                            bench.catalog.model(any_model()).id, dice.up_to(3'000));
    const std::int32_t target = any_target();
    if (target == no_target) return;
    const auto failure = static_cast<FailureClass>(dice.up_to(failure_classes));
    for (std::int64_t i = dice.up_to(6); i > 0; --i)
      bench.health.on_failure(target, failure, bench.now);
    if (dice.one_in(3)) bench.health.on_unusable(target);
    for (int i = 0; i < 2; ++i) bench.health.on_success(any_target(), 1'000, 2'000);
  }

  void ask() {
    policies::RequestFacts& facts = bench.facts;
    facts = {};
    facts.input_tokens = dice.up_to(dice.one_in(30) ? std::int64_t{1} << 36 : 12'000);
    facts.input_tokens_upper = dice.one_in(9) ? 0 : facts.input_tokens + dice.up_to(900);
    facts.output_tokens_max = dice.one_in(2) ? 0 : 1 + dice.up_to(4'000);
    facts.choices = static_cast<std::int32_t>(dice.one_in(5) ? dice.up_to(300) : 1);
    facts.tools = dice.one_in(4);
    facts.images = dice.one_in(6);
    facts.structured_output = dice.one_in(6);
    facts.reasoning = dice.one_in(6);
    facts.tool_loop = dice.one_in(6);
    policies::Verdict& verdict = bench.verdict;
    verdict = {};
    verdict.route = static_cast<std::uint64_t>(dice.up_to(3));
    verdict.tier = static_cast<std::int32_t>(dice.up_to(4)) - 1;
    if (dice.one_in(5)) verdict.model = any_model();
    if (dice.one_in(5)) verdict.asked_model = any_model();
    for (std::int64_t i = dice.up_to(6); i > 0; --i)
      verdict.allowed.reset(static_cast<std::size_t>(any_model()));
    if (dice.one_in(4)) verdict.output_tokens_max = 1 + dice.up_to(3'000);
    verdict.sticky = dice.one_in(6);
    verdict.escalate_on = static_cast<std::uint8_t>(dice.up_to(2));
    access = ModelMask::all();
    for (std::int64_t i = dice.up_to(4); i > 0; --i)
      access.reset(static_cast<std::size_t>(any_model()));
  }

  PlanInput input() {
    PlanInput in = bench.input();
    in.every_candidate = false;
    if (!dice.one_in(4)) in.access = &access;
    in.parameters = static_cast<std::uint32_t>(dice.up_to(2));
    in.marks = static_cast<CacheWrites>(dice.up_to(3));
    if (dice.one_in(9)) in.service = static_cast<ServiceTier>(dice.up_to(4));
    if (dice.one_in(9)) in.output_default = dice.up_to(2'000);
    in.attempts = static_cast<std::int32_t>(dice.up_to(7));
    if (dice.one_in(4)) in.max_tier = static_cast<std::int32_t>(dice.up_to(3));
    if (dice.one_in(4)) in.room = {dice.up_to(30'000'000)};
    if (dice.one_in(2)) in.when_over = WhenOverRoom::clamp_output;
    if (dice.one_in(9)) in.bound_target = any_target();
    if (dice.one_in(2)) remember(in);
    if (dice.one_in(2)) in.counts = count_by_model();
    return in;
  }

  std::span<const InputCount> count_by_model() {
    counts.clear();
    for (std::size_t i = 0; i < bench.catalog.models().size(); ++i) {
      const auto tokens = static_cast<std::int32_t>(dice.up_to(dice.one_in(99) ? 1 << 30 : 12'000));
      counts.push_back({tokens, tokens + static_cast<std::int32_t>(dice.up_to(900))});
    }
    return counts;
  }

  // A conversation: warm somewhere, or somewhere else than it says.
  void remember(PlanInput& in) {
    warm = {any_target(), dice.up_to(dice.one_in(3) ? 9'000 : bench.facts.input_tokens + 1)};
    if (!dice.one_in(9)) in.warm = {&warm, 1};
    in.warm_target = dice.one_in(9) ? any_target() : warm.target;
    in.session.turns_left = static_cast<std::int32_t>(dice.up_to(dice.one_in(9) ? 3'000 : 9));
    in.session.return_percent = static_cast<std::int32_t>(dice.up_to(100));
    in.session.margin = {dice.one_in(2) ? 0 : dice.up_to(1'000'000)};
  }

  Dice dice;
  Bench bench;
  ModelMask access;
  WarmCache warm;
  std::vector<InputCount> counts;
};

bool same(const PlannedAttempt& a, const PlannedAttempt& b) {
  return a.target == b.target && a.model == b.model && a.provider == b.provider &&
         a.expected == b.expected && a.worst_case == b.worst_case &&
         a.input_tokens == b.input_tokens && a.input_tokens_upper == b.input_tokens_upper &&
         a.output_tokens_max == b.output_tokens_max && a.output_expected == b.output_expected &&
         a.writes == b.writes && a.clamped == b.clamped && a.forced == b.forced;
}

const Candidate* at_place(const Plan& plan, std::size_t place) {
  for (const Candidate& c : plan.listed())
    if (c.place == place) return &c;
  return nullptr;
}

void check_same(const Plan& a, const Plan& b) {
  REQUIRE(a.attempt_count == b.attempt_count);
  for (std::size_t i = 0; i < a.attempt_count; ++i) {
    CHECK(same(a.attempts[i], b.attempts[i]));
    const Candidate* left = at_place(a, i + 1);
    const Candidate* right = at_place(b, i + 1);
    REQUIRE(left != nullptr);
    REQUIRE(right != nullptr);
    CHECK(left->target == right->target);
    CHECK(left->expected == right->expected);
    CHECK(left->worst_case == right->worst_case);
    CHECK(left->output_expected == right->output_expected);
    CHECK(left->cached_tokens == right->cached_tokens);
    CHECK(left->risk == right->risk);
  }
  CHECK(same(a.escalation, b.escalation));
  CHECK(a.session == b.session);
  CHECK(a.stay == b.stay);
  CHECK(a.leave == b.leave);
  CHECK(a.baseline_model == b.baseline_model);
  CHECK(a.baseline == b.baseline);
  CHECK(a.retry_at == b.retry_at);
  CHECK(a.effective_tier == b.effective_tier);
  if (a.attempt_count > 0) return;
  CHECK(a.counts == b.counts);
  CHECK(a.candidate_count == b.candidate_count);
}

}  // namespace

TEST_CASE("plan: the quick path and the general path agree") {
  int quick_plans = 0, plans = 0, routed = 0, left = 0, stayed = 0;
  Plan quick, general;  // used again and again, as the gateway does
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Shop shop(seed);
    for (int request = 0; request < 12; ++request) {
      shop.live();
      shop.ask();
      const PlanInput input = shop.input();
      INFO("seed ", seed, ", request ", request);
      const Bench& bench = shop.bench;
      quick.omitted = 9'999;
      Planner(bench.catalog, bench.health, bench.outputs, input, quick).run(PlanPath::quick);
      Planner(bench.catalog, bench.health, bench.outputs, input, general).run(PlanPath::general);
      check_same(quick, general);
      ++plans;
      left += general.session == SessionMove::left;
      stayed += general.session == SessionMove::stayed;
      routed += general.attempt_count > 0;
      // A plan of the general path lists the refused, too; it can not be told apart otherwise.
      quick_plans += general.candidate_count > general.attempt_count &&
                     quick.candidate_count == quick.attempt_count;
    }
  }
  MESSAGE(plans, " plans, ", routed, " with a route, at least ", quick_plans,
          " by the quick path; ", stayed, " stayed, ", left, " left");
  CHECK(quick_plans > 2'000);
  CHECK(plans - routed > 100);
  CHECK(left > 20);
  CHECK(stayed > 150);
}
