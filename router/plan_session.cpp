// Stay with the model that holds the conversation in its cache, or leave?
#include <algorithm>

#include "router/planner.h"

namespace steelyard::router {

NanoUsd Planner::cost_elsewhere_now(const Candidate& candidate, std::int64_t counted_cached) const {
  const Model& model = catalog_.model(candidate.model);
  ModelView view;
  (void)fit(model, view);
  const CacheWrites writes = writes_at(model, catalog_.target(candidate.target), view.input_upper);
  const bool cacheable = view.input >= model.cache_min_tokens;
  return cost_with(view, writes, cacheable ? model.tokens_from(counted_cached) : 0);
}

std::int32_t Planner::session_front() {
  if (!valid(in_.warm_target)) return -1;
  const std::int32_t warm_model = catalog_.target(in_.warm_target).model;
  if (named_ != policies::no_model && named_ != warm_model) return -1;  // the client moved on
  std::int32_t here = -1;
  for (std::int32_t i = 0; i < plan_.candidate_count; ++i) {
    const Candidate& candidate = plan_.candidates[static_cast<std::size_t>(i)];
    if (candidate.reason == Reason::ok && candidate.target == in_.warm_target) here = i;
  }
  if (locked_ != policies::no_model) {
    plan_.session = SessionMove::locked;
    return here;
  }
  if (here < 0) {
    plan_.session = SessionMove::lost;
    return -1;
  }
  plan_.session = SessionMove::stayed;
  if (in_.verdict.sticky) return here;

  const Candidate& warm = plan_.candidates[static_cast<std::size_t>(here)];
  std::int64_t cached = 0;  // in the gateway's counter
  for (const WarmCache& cache : in_.warm)
    if (cache.target == in_.warm_target) cached = cache.tokens;
  const std::int64_t turns = std::max(in_.session.turns_left, 1);
  const NanoUsd now = warm.expected - warm.risk;
  const NanoUsd rewarm = cost_elsewhere_now(warm, 0) - now;
  const std::int64_t rewarm_risk = rewarm.v / 100 * in_.session.return_percent;
  std::int32_t there = -1;
  plan_.stay = times(now, turns);
  for (std::int32_t i = 0; i < plan_.candidate_count; ++i) {
    const Candidate& other = plan_.candidates[static_cast<std::size_t>(i)];
    if (i == here || other.reason != Reason::ok) continue;
    const NanoUsd then = cost_elsewhere_now(other, cached);
    const NanoUsd leave = leaving(other.expected - other.risk, then, turns, rewarm_risk);
    if (there >= 0) {
      const Candidate& best = plan_.candidates[static_cast<std::size_t>(there)];
      if (leave > plan_.leave || (leave == plan_.leave && other.target > best.target)) continue;
    }
    plan_.leave = leave;
    there = i;
  }
  if (there < 0 || plan_.stay - plan_.leave <= in_.session.margin) return here;
  plan_.session = SessionMove::left;
  return there;
}

}  // namespace steelyard::router
