#include "router/plan.h"

#include <algorithm>
#include <bit>

#include "policies/rule_set.h"
#include "router/health.h"
#include "router/planner.h"

namespace steelyard::router {

using policies::no_model;
using policies::no_tier;

void make_plan(const Catalog& catalog, const Health& health, const OutputEstimates& outputs,
               const PlanInput& input, Plan& plan) {
  Planner(catalog, health, outputs, input, plan).run(PlanPath::quick);
}

void Planner::run(PlanPath path) {
  clear();
  set_scope();
  if (path == PlanPath::quick) {
    if (quick()) return;
    clear();
  }
  moment_ = utc_moment(in_.at);
  find_cheapest();
  walk(in_.every_candidate);
  if (plan_.counts[static_cast<std::size_t>(Reason::ok)] == 0) readmit_broken();
  const std::int32_t front = session_front();
  choose(front);
  choose_escalation();
  set_baseline();
  // A refusal has to name its reasons, also those of models the masks had left out.
  if (plan_.attempt_count == 0 && !in_.every_candidate) walk(true);
}

void Planner::clear() {
  plan_.attempt_count = 0;
  plan_.escalation = {};
  plan_.session = SessionMove::none;
  plan_.stay = plan_.leave = plan_.baseline = {};
  plan_.baseline_model = no_model;
  plan_.retry_at = {INT64_MAX};
}

void Planner::set_scope() {
  named_ = in_.verdict.model;
  tier_ = in_.verdict.tier;
  const auto binds = [&](std::int32_t target) {
    return valid(target) && (named_ == no_model || named_ == catalog_.target(target).model);
  };
  if (binds(in_.bound_target)) {
    bound_ = in_.bound_target;
    locked_ = catalog_.target(bound_).model;
  } else if (in_.facts.tool_loop && binds(in_.warm_target)) {
    locked_ = catalog_.target(in_.warm_target).model;
  }
  if (in_.max_tier != no_tier) {
    if (tier_ != no_tier) tier_ = std::min(tier_, in_.max_tier);
    if (named_ != no_model && locked_ == no_model &&
        (catalog_.model(named_).tiers >> in_.max_tier) > 1) {
      released_ = named_;
      named_ = no_model;
      tier_ = in_.max_tier;
    }
  }
  plan_.effective_tier = tier_;
}

ModelMask Planner::pool() const {
  ModelMask pool = catalog_.served();
  if (in_.access != nullptr) pool &= *in_.access;
  if (locked_ != no_model) {
    pool &= ModelMask::only(static_cast<std::size_t>(locked_));
  } else {
    pool &= in_.verdict.allowed;
    if (named_ != no_model) pool &= ModelMask::only(static_cast<std::size_t>(named_));
    if (released_ != no_model) pool.reset(static_cast<std::size_t>(released_));
    if (held_to_tier() && tier_ != no_tier) pool &= catalog_.tier_mask(tier_);
  }
  return pool;
}

void Planner::walk(bool every_model) {
  plan_.candidate_count = plan_.omitted = 0;
  plan_.counts.fill(0);
  if (every_model) {
    for (std::size_t m = 0; m < catalog_.models().size(); ++m) assess_model(m, standing(m));
    return;
  }
  pool().for_each([&](std::size_t m) { assess_model(m, Reason::ok); });
}

// The last targets of a set are never ejected: better a doubtful attempt than none.
void Planner::readmit_broken() {
  for (Candidate& candidate : std::span(plan_.candidates.data(), plan_.candidate_count)) {
    if (candidate.reason == Reason::parked || candidate.reason == Reason::breaker_open)
      plan_.retry_at = std::min(plan_.retry_at, health_.available_at(candidate.target));
    if (candidate.reason != Reason::breaker_open) continue;
    candidate.reason = Reason::ok;
    forced_ = true;
    --plan_.counts[static_cast<std::size_t>(Reason::breaker_open)];
    ++plan_.counts[static_cast<std::size_t>(Reason::ok)];
  }
}

// What another try costs is asked for only where some target failed lately. Broken targets count
// when nothing else is left: then they are readmitted.
void Planner::find_cheapest() {
  if (in_.verdict.escalate_on == 0 || !held_to_tier() || !health_.any_failures()) return;
  cheapest_known_ = true;
  std::array<std::int64_t, policies::tiers_max + 1> broken;
  broken.fill(INT64_MAX);
  cheapest_.fill(INT64_MAX);
  bool usable = false;
  pool().for_each([&](std::size_t m) {
    const Model& model = catalog_.model(static_cast<std::int32_t>(m));
    ModelView view;
    if (fit(model, view) != Reason::ok) return;
    for (std::int32_t i = 0; i < model.target_count; ++i) {
      const Candidate candidate = assess_target(model, model.target_first + i, view);
      if (candidate.reason != Reason::ok && candidate.reason != Reason::breaker_open) continue;
      usable |= candidate.reason == Reason::ok;
      auto& least = candidate.reason == Reason::ok ? cheapest_ : broken;
      for (std::uint32_t bits = model.tiers; bits != 0; bits &= bits - 1) {
        std::int64_t& cost = least[static_cast<std::size_t>(std::countr_zero(bits))];
        cost = std::min(cost, (candidate.expected - candidate.risk).v);
      }
    }
  });
  if (!usable) cheapest_ = broken;
}

// P(failure) * what another try costs: the cheapest model of the next tier up where the policy
// escalates, else the same again.
NanoUsd Planner::risk_of(const Candidate& candidate) const {
  const std::int32_t ppm = health_.failure_ppm(candidate.target);
  if (ppm == 0) return {};
  std::int64_t again = candidate.expected.v;
  const auto above =
      static_cast<std::size_t>(std::bit_width(catalog_.model(candidate.model).tiers));
  if (cheapest_known_ && cheapest_[above] != INT64_MAX) again = cheapest_[above];
  return {static_cast<std::int64_t>(static_cast<Int128>(again) * ppm / 1'000'000)};
}

bool Planner::better(const Candidate& a, const Candidate& b) const {
  if (a.expected != b.expected) return a.expected < b.expected;
  if (a.worst_case != b.worst_case) return a.worst_case < b.worst_case;
  if (a.model != b.model) return catalog_.model(a.model).rank < catalog_.model(b.model).rank;
  return a.target < b.target;
}

// The best candidate of `tier` that is another model; false: none. The list may have dropped it.
bool Planner::best_above(std::int32_t tier, std::int32_t other_than_model, Candidate& found) const {
  bool any = false;
  const auto consider = [&](const Candidate& candidate) {
    const bool sent =
        candidate.reason == Reason::ok || (forced_ && candidate.reason == Reason::breaker_open);
    if (!sent || candidate.model == other_than_model ||
        !catalog_.model(candidate.model).meets(tier))
      return;
    if (!any || better(candidate, found)) found = candidate;
    any = true;
  };
  if (plan_.omitted == 0) {
    for (const Candidate& candidate : plan_.listed()) consider(candidate);
    return any;
  }
  pool().for_each([&](std::size_t m) {
    const Model& model = catalog_.model(static_cast<std::int32_t>(m));
    ModelView view;
    if (!model.meets(tier) || fit(model, view) != Reason::ok) return;
    for (std::int32_t i = 0; i < model.target_count; ++i)
      consider(assess_target(model, model.target_first + i, view));
  });
  return any;
}

// One pass that keeps the few best in order; `front`, if any, stands before them all.
void Planner::choose(std::int32_t front) {
  const auto wanted = static_cast<std::size_t>(std::clamp(in_.attempts, 1, limits::attempts_max));
  std::array<Candidate*, limits::attempts_max> order;
  std::size_t count = 0;
  const std::size_t fixed = front >= 0 ? 1 : 0;
  if (front >= 0) order[count++] = &plan_.candidates[static_cast<std::size_t>(front)];
  for (Candidate& candidate : std::span(plan_.candidates.data(), plan_.candidate_count)) {
    if (candidate.reason != Reason::ok || (fixed == 1 && &candidate == order[0])) continue;
    std::size_t place = count;
    while (place > fixed && better(candidate, *order[place - 1])) --place;
    if (place >= wanted) continue;
    if (count < wanted) ++count;
    for (std::size_t i = count - 1; i > place; --i) order[i] = order[i - 1];
    order[place] = &candidate;
  }
  for (std::size_t i = 0; i < count; ++i) {
    plan_.attempts[i] = attempt_of(*order[i]);
    order[i]->place = static_cast<std::uint8_t>(i + 1);
  }
  plan_.attempt_count = static_cast<std::uint8_t>(count);
  if (count > 0) plan_.retry_at = {INT64_MAX};
}

// Up from what the first model can do, not from what was asked: the next tier may be served by it
// already.
void Planner::choose_escalation() {
  if (in_.verdict.escalate_on == 0 || plan_.attempt_count == 0 || !held_to_tier() ||
      tier_ == no_tier)
    return;
  const std::int32_t first = plan_.attempts[0].model;
  const auto tiers = static_cast<std::int32_t>(catalog_.tiers().size());
  std::int32_t up = std::bit_width(catalog_.model(first).tiers);
  if (up >= tiers) up = tiers - 1;
  if (in_.max_tier != no_tier) up = std::min(up, in_.max_tier);
  for (; up >= tier_; --up) {
    Candidate found;
    if (!best_above(up, first, found)) continue;
    plan_.escalation = attempt_of(found);
    return;
  }
}

// The counterfactual: the model asked for; for `auto` the first premium model that this key could
// have used. Same share of cached input as the chosen attempt.
void Planner::set_baseline() {
  if (plan_.attempt_count == 0) return;
  std::int64_t cached = 0;
  for (const WarmCache& warm : in_.warm)
    if (warm.target == plan_.attempts[0].target) cached = warm.tokens;
  const auto priced_at = [&](std::int32_t index, bool must_fit) {
    const Model& model = catalog_.model(index);
    ModelView view;
    const Reason reason = fit(model, view);
    if (!view.tariff.priced() || (must_fit && reason != Reason::ok)) return false;
    const CacheWrites writes =
        model.target_count == 0
            ? CacheWrites::none
            : writes_at(model, catalog_.target(model.target_first), view.input_upper);
    plan_.baseline_model = index;
    plan_.baseline = cost_with(view, writes, model.tokens_from(cached));
    return true;
  };
  if (in_.verdict.asked_model != no_model) {
    priced_at(in_.verdict.asked_model, false);
    return;
  }
  for (const std::int32_t model : catalog_.premium()) {
    if (in_.access != nullptr && !in_.access->test(static_cast<std::size_t>(model))) continue;
    if (priced_at(model, true)) return;
  }
  priced_at(plan_.attempts[0].model, false);
}

NanoUsd cost_elsewhere(const Catalog& catalog, std::int32_t served, std::int32_t other,
                       const Usage& usage, Instant at) {
  const Model& from = catalog.model(served);
  const Model& to = catalog.model(other);
  const auto scaled = [&](std::int64_t tokens) {
    constexpr std::int64_t most = std::int64_t{1} << 48;  // times a percentage still fits
    if (tokens <= 0) return std::int64_t{0};
    if (to.token_ratio_percent == from.token_ratio_percent) return tokens;
    if (tokens < most && to.token_ratio_percent <= 10'000)
      return (tokens * to.token_ratio_percent + from.token_ratio_percent - 1) /
             from.token_ratio_percent;
    const Int128 product =
        static_cast<Int128>(std::max<std::int64_t>(tokens, 0)) * to.token_ratio_percent;
    return static_cast<std::int64_t>((product + from.token_ratio_percent - 1) /
                                     from.token_ratio_percent);
  };
  Usage there;
  there.input = scaled(usage.input);
  there.cache_read = scaled(usage.cache_read);
  there.cache_write_5m = scaled(usage.cache_write_5m);
  there.cache_write_1h = scaled(usage.cache_write_1h);
  there.output = scaled(usage.output);
  there.audio_input = scaled(usage.audio_input);
  there.image_input = scaled(usage.image_input);
  there.audio_output = scaled(usage.audio_output);
  there.image_output = scaled(usage.image_output);
  there.web_searches = usage.web_searches;
  return cost_of(there, to.prices.tariff_at(at));
}

}  // namespace steelyard::router
