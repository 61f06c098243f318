// Stay or leave, as plan_session.cpp decides it, without looking at every place one could go to.
#include <algorithm>

#include "router/quick_planner.h"

namespace steelyard::router {

using policies::no_model;

// The place where the conversation is warm; `warm` outlives the plan's making.
void QuickPlanner::quote_warm(Search& warm) {
  const std::int32_t number = targets_[warm_at_].model;
  if (only_ != no_model && only_ != number) return;
  const auto index = static_cast<std::size_t>(number);
  const QuickModel& model = rows_.model(index);
  if (!admitted(index, model)) return;
  warm.only_target = warm_at_;
  consider(index, model, likely_of(index), warm);
  if (warm.count() != 0) warm_ = &warm.at(0);
}

std::int32_t QuickPlanner::session_front() {
  if (p_.named_ != no_model && p_.named_ != targets_[warm_at_].model) return no_target;
  const std::int32_t here = warm_ == nullptr ? no_target : warm_at_;
  plan_.session = p_.locked_ != no_model ? SessionMove::locked
                  : here == no_target    ? SessionMove::lost
                                         : SessionMove::stayed;
  if (plan_.session != SessionMove::stayed || in_.verdict.sticky) return here;

  const std::int64_t now = warm_->expected - warm_->risk;
  const std::int64_t turns = std::max(in_.session.turns_left, 1);
  const auto index = static_cast<std::size_t>(warm_->model);
  const std::int64_t cold = expected(index, warm_->fit, warm_->writes, 0);
  const Leave leave = best_leave(turns, (cold - now) / 100 * in_.session.return_percent);
  plan_.stay = times({now}, turns);
  if (leave.target == no_target) return here;
  plan_.leave = leave.cost;
  if (plan_.stay - plan_.leave <= in_.session.margin) return here;
  plan_.session = SessionMove::left;
  return leave.target;
}

QuickPlanner::Leave QuickPlanner::best_leave(std::int64_t turns, std::int64_t rewarm_risk) {
  Leave best;
  if (only_ != no_model) {
    const auto index = static_cast<std::size_t>(only_);
    consider_leaving(index, rows_.model(index), turns, rewarm_risk, best);
    return best;
  }
  // What a cache would hold and cost there is not in the bounds: of the turns after the first only
  // the answers count.
  const Int128 input = input_least_;
  const Int128 output = static_cast<Int128>(output_least_) * turns;
  for (const PriceStep& step : rows_.steps(p_.tier_, input_least_, output_least_)) {
    const Int128 least = input * step.input_rest + output * step.output_rest;
    const Int128 room = static_cast<Int128>(best.cost.v) - rewarm_risk;  // the risk may be a gain
    if (best.target != no_target && (room < 0 || least > room * 1000)) break;
    const QuickModel& model = rows_.model(step.model);
    if (admitted(step.model, model)) consider_leaving(step.model, model, turns, rewarm_risk, best);
  }
  return best;
}

void QuickPlanner::consider_leaving(std::size_t index, const QuickModel& model, std::int64_t turns,
                                    std::int64_t rewarm_risk, Leave& best) {
  QuickFit fit;
  if (!request_.fit(index, model, rows_, likely_of(index), fit)) return;
  const std::int64_t cached =
      fit.input >= model.cache_min_tokens ? percent_of(warm_tokens_, model.ratio_percent) : 0;
  const std::int32_t end = model.target_first + model.target_count;
  for (std::int32_t i = model.target_first; i < end; ++i) {
    if (i == warm_at_) continue;
    const CacheWrites writes = request_.writes_at(model, targets_[i], fit);
    const std::int64_t first = expected(index, fit, writes, 0);
    const std::int64_t then = expected(index, fit, writes, cached);
    const NanoUsd cost = leaving(NanoUsd{first}, NanoUsd{then}, turns, rewarm_risk);
    if (cost > best.cost || (cost == best.cost && best.target != no_target && i > best.target))
      continue;
    if (!usable(i, worst(index, fit, writes))) continue;
    best = {cost, i};
  }
}

}  // namespace steelyard::router
