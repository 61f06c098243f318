#pragma once
// The work behind make_plan; only router/plan*.cpp and its test include it.
#include <array>

#include "policies/rule_set.h"
#include "router/output_estimate.h"
#include "router/plan.h"

namespace steelyard::router {

// `quick` falls back to `general` where it must; both make the same plan (tested as a property).
enum class PlanPath : bool { general, quick };

class Planner {
 public:
  Planner(const Catalog& catalog, const Health& health, const OutputEstimates& outputs,
          const PlanInput& input, Plan& plan)
      : catalog_(catalog),
        health_(health),
        lengths_(outputs.means_of(input.verdict.route)),
        in_(input),
        plan_(plan) {}
  void run(PlanPath path);

 private:
  friend class QuickPlanner;
  // What all targets of one model share for this request.
  struct ModelView {
    std::int64_t input = 0, input_upper = 0;  // in the model's tokens
    std::int64_t output_max = 0;              // per choice
    std::int64_t output_expected = 0;         // per choice
    std::int64_t searches = 0;                // at most, at the target that is looked at
    Tariff tariff;
  };

  // plan_quick.cpp: the whole plan for the usual request; false: nothing was written, go on
  bool quick();

  // plan.cpp: scope and choice
  void clear();
  void set_scope();
  bool valid(std::int32_t target) const {
    return target >= 0 && static_cast<std::size_t>(target) < catalog_.targets().size();
  }
  ModelMask pool() const;  // models that standing() lets through
  void walk(bool every_model);
  void readmit_broken();
  void find_cheapest();
  void choose(std::int32_t front);
  void choose_escalation();
  void set_baseline();
  bool best_above(std::int32_t tier, std::int32_t other_than_model, Candidate& found) const;
  NanoUsd risk_of(const Candidate& candidate) const;
  bool better(const Candidate& a, const Candidate& b) const;

  // plan_assess.cpp: one model, one target
  Reason standing(std::size_t model) const;
  Reason capable(const Model& model) const;
  Reason fit(const Model& model, ModelView& view) const;
  Reason fit_output(const Model& model, ModelView& view) const;
  void assess_model(std::size_t model, Reason standing_reason);
  Candidate assess_target(const Model& model, std::int32_t target, ModelView view) const;
  Reason fit_tools(const Target& target, ModelView& view) const;
  Reason fit_room(const CostBounds& bounds, ModelView& view, NanoUsd& worst) const;
  void list(const Candidate& candidate);
  CacheWrites writes_at(const Model& model, const Target& target, std::int64_t input) const;
  std::int64_t cached_at(const Model& model, std::int32_t target) const;
  NanoUsd cost_with(const ModelView& view, CacheWrites writes, std::int64_t cached) const;
  PlannedAttempt attempt_of(const Candidate& candidate) const;

  // plan_session.cpp
  std::int32_t
  session_front();  // index of the candidate that must come first, -1: the cheapest may
  NanoUsd cost_elsewhere_now(const Candidate& candidate, std::int64_t counted_cached) const;

  std::int32_t choices() const { return in_.facts.choices > 1 ? in_.facts.choices : 1; }
  bool held_to_tier() const {
    return named_ == policies::no_model && locked_ == policies::no_model;
  }

  const Catalog& catalog_;
  const Health& health_;
  const OutputEstimates::RouteMeans lengths_;
  const PlanInput& in_;
  Plan& plan_;
  UtcMoment moment_;
  std::int32_t named_ = policies::no_model;     // serve this model only
  std::int32_t released_ = policies::no_model;  // was named, but the budget allows only lower tiers
  std::int32_t locked_ = policies::no_model;    // the conversation's model
  std::int32_t bound_ = no_target;              // the conversation's target
  std::int32_t tier_ = policies::no_tier;
  bool forced_ = false;  // breakers are overruled: nothing else was left
  // The least expected cost per tier, without risks. Filled by find_cheapest where risks ask for
  // it.
  bool cheapest_known_ = false;
  std::array<std::int64_t, policies::tiers_max + 1> cheapest_;
};

// cost * turns, stopping at the largest sum.
inline NanoUsd times(NanoUsd cost, std::int64_t turns) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(cost.v, turns, &product) ? NanoUsd{INT64_MAX} : NanoUsd{product};
}

// What the turns that remain cost elsewhere: the first without a cache, and the risk of having to
// come back.
inline NanoUsd leaving(NanoUsd first, NanoUsd then, std::int64_t turns, std::int64_t rewarm_risk) {
  const Int128 cost = static_cast<Int128>(times(then, turns).v) + (first - then).v + rewarm_risk;
  return cost < INT64_MAX ? NanoUsd{static_cast<std::int64_t>(cost)} : NanoUsd{INT64_MAX};
}

}  // namespace steelyard::router
