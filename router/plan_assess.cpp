// Is a model fit for this request, and what would it cost there?
#include <algorithm>

#include "router/health.h"
#include "router/output_estimate.h"
#include "router/planner.h"

namespace steelyard::router {

using policies::no_model;
using policies::no_tier;

// Reasons that do not depend on the request's size.
Reason Planner::standing(std::size_t index) const {
  const auto number = static_cast<std::int32_t>(index);
  const Model& model = catalog_.model(number);
  if (model.target_count == 0) return Reason::no_provider;
  if (named_ != no_model && named_ != number) return Reason::not_asked;
  if (in_.access != nullptr && !in_.access->test(index)) return Reason::not_allowed;
  if (locked_ != no_model) return locked_ == number ? Reason::ok : Reason::session_lock;
  if (!in_.verdict.allowed.test(index)) return Reason::not_in_policy;
  if (released_ == number) return Reason::max_tier_by_budget;
  if (!held_to_tier() || tier_ == no_tier || model.meets(tier_)) return Reason::ok;
  return model.scored ? Reason::tier_score : Reason::no_evidence;
}

Reason Planner::capable(const Model& model) const {
  const policies::RequestFacts& facts = in_.facts;
  if (facts.tools && !model.can.tools) return Reason::no_tools;
  if (facts.images && !model.can.vision) return Reason::no_vision;
  if (facts.structured_output && !model.can.structured_output) return Reason::no_structured_output;
  if (facts.reasoning && !model.can.reasoning) return Reason::no_reasoning;
  if ((model.refuses & in_.parameters) != 0) return Reason::refuses_parameter;
  return Reason::ok;
}

Reason Planner::fit_output(const Model& model, ModelView& view) const {
  const bool named = named_ != no_model;
  const std::int64_t asked = in_.facts.output_tokens_max;
  std::int64_t want = asked > 0 ? asked : in_.output_default;
  if (in_.verdict.output_tokens_max > 0) want = std::min(want, in_.verdict.output_tokens_max);
  if (model.output_tokens_max > 0 && want > model.output_tokens_max) {
    if (asked > 0 && !named) return Reason::output_limit;
    want = model.output_tokens_max;
  }
  if (model.context_tokens > 0) {
    // The bound decides where we may choose; where the client chose, the likely figure does.
    const std::int64_t left = model.context_tokens - (named ? view.input : view.input_upper);
    const bool may_shrink = named || asked <= 0;
    const std::int64_t least = named ? 1 : std::min(want, in_.output_useful);
    if (left < (may_shrink ? least : want)) return Reason::context_too_small;
    want = std::min(want, left);
  }
  view.output_max = want;
  view.output_expected = std::min(view.output_expected, want);
  return Reason::ok;
}

Reason Planner::fit(const Model& model, ModelView& view) const {
  const auto index = static_cast<std::size_t>(&model - catalog_.models().data());
  if (index < in_.counts.size() && model.target_count > 0) {
    const InputCount count = in_.counts[index];
    view.input = count.tokens;
    view.input_upper = count.upper;
  } else {
    view.input = model.tokens_from(in_.facts.input_tokens);
    view.input_upper =
        model.tokens_at_most(std::max(in_.facts.input_tokens, in_.facts.input_tokens_upper));
  }
  view.tariff = model.prices.tariff_at(in_.at, moment_, in_.service);
  view.output_expected = std::max<std::int64_t>(1, lengths_.mean(index, model.id));
  if (named_ == no_model)
    if (const Reason reason = capable(model); reason != Reason::ok) return reason;
  if (const Reason reason = fit_output(model, view); reason != Reason::ok) return reason;
  return view.tariff.priced() ? Reason::ok : Reason::no_price;
}

CacheWrites Planner::writes_at(const Model& model, const Target& target, std::int64_t input) const {
  if (input < model.cache_min_tokens) return CacheWrites::none;
  return target.marked_cache ? in_.marks : std::max(in_.marks, CacheWrites::five_minutes);
}

std::int64_t Planner::cached_at(const Model& model, std::int32_t target) const {
  for (const WarmCache& warm : in_.warm)
    if (warm.target == target) return model.tokens_from(warm.tokens);
  return 0;
}

NanoUsd Planner::cost_with(const ModelView& view, CacheWrites writes, std::int64_t cached) const {
  CostExpectation expectation;
  expectation.input_tokens = view.input;
  expectation.cached_tokens = cached;
  expectation.output_tokens = view.output_expected * choices();
  expectation.writes = writes;
  expectation.web_searches = view.searches != 0 ? 1 : 0;  // most that may search do it once
  return expected_cost(expectation, view.tariff);
}

// Tools that run at the provider; to one of another dialect they do not go out.
Reason Planner::fit_tools(const Target& target, ModelView& view) const {
  if (in_.client_dialect.empty() || target.dialect != in_.client_dialect) return Reason::ok;
  view.searches = in_.web_searches;
  const bool unknown =
      in_.unpriced_tools || (in_.web_searches != 0 && view.tariff.web_search.v < 0);
  return unknown && in_.fees_known ? Reason::no_tool_price : Reason::ok;
}

// Lowers the output to what the budget holds, where the caller allows it.
Reason Planner::fit_room(const CostBounds& bounds, ModelView& view, NanoUsd& worst) const {
  worst = worst_case(bounds, view.tariff);
  if (worst <= in_.room) return Reason::ok;
  if (in_.when_over == WhenOverRoom::refuse) return Reason::over_budget;
  const std::int64_t fits = output_within(bounds, view.tariff, in_.room) / choices();
  if (fits < std::min(in_.output_useful, view.output_max) || fits < 1) return Reason::over_budget;
  view.output_max =
      fits;  // but compared by the answer it would like to give: a cut one is no bargain
  CostBounds lowered = bounds;
  lowered.output_tokens = fits * choices();
  worst = worst_case(lowered, view.tariff);
  return Reason::ok;
}

Candidate Planner::assess_target(const Model& model, std::int32_t target, ModelView view) const {
  Candidate candidate;
  candidate.target = target;
  candidate.model = catalog_.target(target).model;
  const CacheWrites writes = writes_at(model, catalog_.target(target), view.input_upper);
  const Reason priced = fit_tools(catalog_.target(target), view);
  const CostBounds bounds{view.input_upper, view.output_max * choices(), writes, in_.media,
                          view.searches};
  candidate.reason = fit_room(bounds, view, candidate.worst_case);
  if (priced != Reason::ok) candidate.reason = priced;
  candidate.cached_tokens = cached_at(model, target);
  candidate.output_expected = view.output_expected;
  candidate.expected = cost_with(view, writes, candidate.cached_tokens);
  candidate.risk = risk_of(candidate);
  candidate.expected += candidate.risk;
  if (candidate.reason != Reason::ok) return candidate;
  if (bound_ != no_target && bound_ != target) {
    candidate.reason = Reason::session_lock;
    return candidate;
  }
  switch (health_.admits(target, in_.now)) {
    case Admission::ok:
    case Admission::probe: break;
    case Admission::open: candidate.reason = Reason::breaker_open; break;
    case Admission::parked: candidate.reason = Reason::parked; break;
  }
  return candidate;
}

void Planner::assess_model(std::size_t index, Reason reason) {
  const Model& model = catalog_.model(static_cast<std::int32_t>(index));
  ModelView view;
  if (reason == Reason::ok) reason = fit(model, view);
  if (reason != Reason::ok) {
    Candidate candidate;
    candidate.target = model.target_count > 0 ? model.target_first : no_target;
    candidate.model = static_cast<std::int32_t>(index);
    candidate.reason = reason;
    list(candidate);
    return;
  }
  for (std::int32_t i = 0; i < model.target_count; ++i)
    list(assess_target(model, model.target_first + i, view));
}

// When the list is full, a usable candidate replaces a refused one, then the dearest one.
void Planner::list(const Candidate& candidate) {
  ++plan_.counts[static_cast<std::size_t>(candidate.reason)];
  if (plan_.candidate_count < limits::candidates_max) {
    plan_.candidates[plan_.candidate_count++] = candidate;
    return;
  }
  ++plan_.omitted;
  if (candidate.reason != Reason::ok) return;
  Candidate* weakest = nullptr;
  for (Candidate& listed : plan_.candidates) {
    if (listed.reason != Reason::ok) {
      weakest = &listed;
      break;
    }
    if (listed.target == in_.warm_target) continue;  // the session asks for it
    if (weakest == nullptr || better(*weakest, listed)) weakest = &listed;
  }
  if (weakest->reason != Reason::ok || candidate.target == in_.warm_target ||
      better(candidate, *weakest))
    *weakest = candidate;
}

// Works the figures of a listed candidate out again: at most five per plan, instead of keeping all.
PlannedAttempt Planner::attempt_of(const Candidate& candidate) const {
  const Model& model = catalog_.model(candidate.model);
  const Target& target = catalog_.target(candidate.target);
  ModelView view;
  (void)fit(model, view);
  (void)fit_tools(target, view);
  PlannedAttempt attempt;
  attempt.writes = writes_at(model, target, view.input_upper);
  (void)fit_room(
      {view.input_upper, view.output_max * choices(), attempt.writes, true, view.searches}, view,
      attempt.worst_case);
  attempt.target = candidate.target;
  attempt.model = candidate.model;
  attempt.provider = target.provider;
  attempt.expected = candidate.expected;
  attempt.input_tokens = view.input;
  attempt.input_tokens_upper = view.input_upper;
  attempt.output_tokens_max = view.output_max;
  attempt.output_expected = std::min(view.output_expected, view.output_max);
  attempt.clamped = in_.facts.output_tokens_max > view.output_max;
  attempt.forced = forced_;
  return attempt;
}

}  // namespace steelyard::router
