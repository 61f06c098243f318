#include "tests/sim/scenario.h"

namespace steelyard::sim {
namespace {

// One fault in three is on, and then with a weight between rare and rough.
void draw(Dice& dice, double& fault, double most) {
  static constexpr double weights[] = {0.1, 0.3, 1.0};
  if (dice.chance(0.35)) fault = most * weights[dice.between(0, 2)];
}

Faults faults_of(Dice& dice) {
  Faults f;
  if (dice.chance(0.06)) return f;  // a calm day is a test too
  for (double* fault : {&f.refused, &f.unresolved, &f.connect_hangs, &f.connect_slow})
    draw(dice, *fault, 0.3);
  for (double* fault :
       {&f.status_429, &f.status_5xx, &f.status_4xx, &f.status_timeout, &f.error_in_200,
        &f.error_event, &f.cut, &f.cut_hard, &f.cut_before_head, &f.stall, &f.garbage, &f.no_usage,
        &f.no_done, &f.slow_drip, &f.left_over, &f.empty_answer})
    draw(dice, *fault, 0.35);
  for (double* fault : {&f.close_after, &f.interim, &f.until_close, &f.idle_close})
    draw(dice, *fault, 0.8);
  for (double* fault :
       {&f.leave, &f.leave_hard, &f.slow_reader, &f.stops_reading, &f.half_sent, &f.malformed,
        &f.bad_json, &f.bad_key, &f.bad_path, &f.http_1_0, &f.deadline, &f.unknown_model})
    draw(dice, *fault, 0.4);
  for (double* fault : {&f.pipelined, &f.chunked, &f.expect_continue}) draw(dice, *fault, 0.9);
  draw(dice, f.reload, 1.0);
  draw(dice, f.wall_step, 1.0);
  draw(dice, f.early_drain, 1.0);
  return f;
}

}  // namespace

Scenario Scenario::of(std::uint64_t seed) {
  Dice dice(seed * 0x9e3779b97f4a7c15u + 1);
  Scenario s;
  s.seed = seed;
  s.faults = faults_of(dice);
  static constexpr std::int64_t prices[] = {1, 3, 10};
  for (std::int64_t i = 0, n = dice.between(1, 4); i < n; ++i) {
    const std::int64_t price = prices[dice.between(0, 2)] * 1;
    s.models.push_back(
        {"m" + std::to_string(i), price, dice.between(0, 1) * price, price * dice.between(1, 4)});
    if (s.models.back().cache_read > 1) s.models.back().cache_read /= 2;
  }
  for (std::int64_t i = 0, n = dice.between(1, 3); i < n; ++i) {
    ProviderPlan p;
    p.name = "p" + std::to_string(i);
    if (dice.chance(0.3)) p.rename_suffix = "-at-" + p.name;
    p.max_completion_tokens = dice.chance(0.3);
    for (std::size_t m = 0; m < s.models.size(); ++m)
      if (i == 0 || dice.chance(0.6)) p.models.push_back(m);
    if (p.models.empty()) p.models.push_back(0);
    s.providers.push_back(std::move(p));
  }
  for (std::int64_t o = 0, orgs = dice.between(1, 2); o < orgs; ++o)
    for (std::int64_t t = 0, teams = dice.between(1, 2); t < teams; ++t)
      for (std::int64_t k = 0, n = dice.between(1, 2); k < n; ++k) {
        const std::string scope = "o" + std::to_string(o) + "/t" + std::to_string(t) + "/k" +
                                  std::to_string(k) + "x" + std::to_string(o * 2 + t);
        s.keys.push_back(
            {"sk-client-" + std::to_string(seed) + "-" + scope, scope, dice.chance(0.5)});
      }
  s.workers = dice.chance(0.3) ? 2 : 1;
  s.connections = static_cast<std::size_t>(dice.between(3, 14));
  s.span_ns = dice.between(1, 20) * 250 * ms;
  s.small_pipes = dice.chance(0.3);
  s.deep_pipes = dice.chance(0.15);
  s.short_pieces = dice.chance(0.4);
  return s;
}

}  // namespace steelyard::sim
