// From facts to a plan: rules and the comparison of every candidate, for one of many teams.
#include <benchmark/benchmark.h>

#include <numeric>

#include "policies/evaluate.h"
#include "tests/bench/micro/fixture.h"

namespace steelyard::bench {
namespace {

// A prime step through the teams, so that no two requests in a row share cache lines.
constexpr std::size_t step = 389;

void decide(benchmark::State& state, std::string_view model, std::size_t models = 0) {
  const auto teams = static_cast<std::size_t>(state.range(0));
  Setting setting(teams, models);
  std::size_t index = 0;
  for (auto _ : state) {
    index = (index + step) % teams;
    const policies::RequestFacts facts = facts_of(setting, index, model);
    const policies::Verdict verdict = policies::evaluate(setting.rules, facts);
    router::PlanInput input{facts, verdict, &setting.access[index], bench_time, Tick{1}};
    input.room = setting.books->headroom(setting.chains[index].chain, bench_time).remaining;
    router::make_plan(setting.catalog, setting.health, setting.outputs, input, setting.plan);
    benchmark::DoNotOptimize(setting.plan.attempts[0].target);
  }
  if (setting.plan.attempt_count == 0) state.SkipWithError("no model can serve the request");
  state.counters["models"] =
      std::accumulate(setting.plan.counts.begin(), setting.plan.counts.end(), 0);  // looked at
  state.counters["attempts"] = setting.plan.attempt_count;
}

void decide_auto(benchmark::State& state) {
  decide(state, "auto");
}
void decide_named(benchmark::State& state) {
  decide(state, "gpt-5.4-mini");
}
// As decide_auto, with twenty models to compare.
void decide_auto_20(benchmark::State& state) {
  decide(state, "auto", 20);
}
BENCHMARK(decide_auto)->Arg(1)->Arg(1000);
BENCHMARK(decide_auto_20)->Arg(1000);
BENCHMARK(decide_named)->Arg(1000);

void evaluate_rules(benchmark::State& state) {
  Setting setting(1);
  const policies::RequestFacts facts = facts_of(setting, 0, "auto");
  for (auto _ : state) {
    const policies::Verdict verdict = policies::evaluate(setting.rules, facts);
    benchmark::DoNotOptimize(verdict.tier);
  }
}
BENCHMARK(evaluate_rules);

}  // namespace
}  // namespace steelyard::bench
