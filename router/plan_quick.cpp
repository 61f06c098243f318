// The same plan as the general path, for the requests most are: at the standard service tier, at
// most one warm place, nobody who wants to see all candidates. Works on QuickRows, looks at the
// cheap models only, and leaves the rest (no route, clamping, odd sizes) to the general path.
#include <algorithm>
#include <bit>

#include "policies/rule_set.h"
#include "router/health.h"
#include "router/quick_planner.h"

namespace steelyard::router {

using policies::no_model;
using policies::no_tier;

static_assert(policies::tiers_max <= 32);

namespace {

bool better(const Quote& a, const Quote& b) {
  if (a.expected != b.expected) return a.expected < b.expected;
  if (a.worst != b.worst) return a.worst < b.worst;
  return a.model != b.model ? a.rank < b.rank : a.target < b.target;
}

}  // namespace

void Search::offer() {
  const Quote& quote = quotes_[spare_];
  const bool full = count_ == wanted_;
  if (full && (count_ == 0 || !better(quote, at(count_ - 1)))) return;
  const auto slot = static_cast<std::uint8_t>(spare_);
  std::size_t place = full ? count_ - 1 : count_++;
  spare_ = full ? order_[place] : count_;
  for (; place > 0 && better(quote, at(place - 1)); --place) order_[place] = order_[place - 1];
  order_[place] = slot;
  if (count_ != wanted_) return;
  dearest_ = at(count_ - 1).expected;
  enough_ = dearest_ <= INT64_MAX / 1000 ? static_cast<std::uint64_t>(dearest_) * 1000 : UINT64_MAX;
}

bool Planner::quick() {
  return QuickPlanner(*this).run();
}

QuickPlanner::QuickPlanner(Planner& planner)
    : p_(planner),
      in_(planner.in_),
      plan_(planner.plan_),
      rows_(planner.catalog_.quick()),
      request_(in_, planner.named_ != no_model),
      only_(planner.locked_ != no_model ? planner.locked_ : planner.named_),
      must_tier_(only_ == no_model ? planner.tier_ : no_tier),
      escalates_(in_.verdict.escalate_on != 0 && only_ == no_model),
      targets_(planner.catalog_.targets().data()) {
  if (in_.warm.size() != 1 || in_.warm[0].target != in_.warm_target) return;
  warm_at_ = in_.warm_target;
  warm_tokens_ = in_.warm[0].tokens;
}

bool QuickPlanner::suits() const {
  const bool cold = in_.warm.empty() && in_.warm_target == no_target;
  // The general path compares what it lists.
  const bool warm = p_.valid(warm_at_) && warm_tokens_ >= 0 && warm_tokens_ <= quick_tokens_max &&
                    in_.session.turns_left <= 1'000 &&
                    p_.catalog_.targets().size() <= limits::candidates_max;
  return !in_.every_candidate && in_.service == ServiceTier::standard &&
         in_.client_dialect.empty() && (cold || warm) && request_.suits(in_);
}

bool QuickPlanner::run() {
  if (!suits()) return false;
  if (only_ == no_model) bound_all();
  std::int32_t front = no_target;
  Search warm(1), lead(1);
  if (warm_at_ != no_target) {
    quote_warm(warm);
    front = session_front();
  }
  if (front != no_target && front != warm_at_) {
    lead.only_target = front;
    const auto index = static_cast<std::size_t>(targets_[front].model);
    consider(index, rows_.model(index), likely_of(index), lead);
  }
  const auto wanted = static_cast<std::size_t>(std::clamp(in_.attempts, 1, limits::attempts_max));
  Search search(front == no_target ? wanted : wanted - 1);
  search.not_target = front;
  if (front == no_target || wanted > 1) search_all(p_.tier_, search);
  const Quote* first = front == warm_at_ ? warm_ : front != no_target ? &lead.at(0) : nullptr;
  // Nobody left: the general path says why.
  if (needs_general_ || (first == nullptr && search.count() == 0)) return false;
  PlannedAttempt& escalation = plan_.escalation;
  escalation = {};
  if (in_.escalation &&
      !find_escalation(first != nullptr ? first->model : search.at(0).model, escalation))
    return false;
  plan_.attempt_count = 0;
  if (first != nullptr) write(*first);
  for (std::size_t i = 0; i < search.count(); ++i) write(search.at(i));
  plan_.candidate_count = plan_.attempt_count;
  plan_.omitted = 0;
  plan_.counts.fill(0);
  plan_.counts[static_cast<std::size_t>(Reason::ok)] = plan_.attempt_count;
  set_baseline();
  return true;
}

// What no candidate goes below.
void QuickPlanner::bound_all() {
  std::int64_t least = quick_tokens_most, most = 0;
  const std::span<const PriceStep> steps = rows_.steps(p_.tier_);
  const bool counted = request_.counts.size() >= rows_.models();
  if (counted && request_.counts.ready() == nullptr) {
    const InputCount bounds = request_.counts.least_and_most();
    least = std::min<std::int64_t>(least, bounds.tokens);
    most = bounds.upper;
  } else if (counted) {
    const InputCount* const counts = request_.counts.ready();
    for (const PriceStep& step : steps) {
      least = std::min<std::int64_t>(least, counts[step.model].tokens);
      most = std::max<std::int64_t>(most, counts[step.model].upper);
    }
  } else {
    for (const PriceStep& step : steps) {
      const QuickModel& model = rows_.model(step.model);
      const QuickRequest::Input input = request_.input_of(step.model, model);
      least = std::min(least, input.tokens);
      most = std::max(most, input.upper);
    }
  }
  input_least_ = static_cast<std::uint64_t>(least);
  // Planner::fit cuts a likely answer to what was asked and to what there is room for.
  const std::int64_t room =
      std::max(rows_.output_room(most), std::min(request_.least, rows_.output_room(0)));
  shortest_ = std::max<std::int64_t>(1, std::min(request_.want, room));
  output_least_ = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(p_.lengths_.least(), 1, shortest_) * request_.choices);
}

// The best of a tier, or of the one model there is.
void QuickPlanner::search_all(std::int32_t tier, Search& search) {
  if (only_ == no_model) {
    walk(tier, search);
  } else {
    const auto index = static_cast<std::size_t>(only_);
    const QuickModel& model = rows_.model(index);
    if (admitted(index, model)) consider(index, model, likely_of(index), search);
  }
  consider_warm(tier, search);
}

void QuickPlanner::walk(std::int32_t tier, Search& search) {
  for (const PriceStep& step : rows_.steps(tier, input_least_, output_least_)) {
    if (step.input_rest * input_least_ + step.output_rest * output_least_ > search.enough()) return;
    const QuickModel& model = rows_.model(step.model);
    if (static_cast<std::int32_t>(step.model) == search.not_model || !admitted(step.model, model))
      continue;
    // The same bound once more, for this model alone and with what is known of its answers.
    const std::int64_t likely = p_.lengths_.mean(step.model, model.id);
    const auto output = static_cast<std::uint64_t>(std::clamp<std::int64_t>(likely, 1, shortest_) *
                                                   request_.choices);
    const auto input = static_cast<std::uint64_t>(request_.input_of(step.model, model).tokens);
    if (step.input_least * input + step.output_least * output > search.enough()) continue;
    consider(step.model, model, likely, search);
  }
}

// Its price is below what the order of the models knows, so it is never left to walk().
void QuickPlanner::consider_warm(std::int32_t tier, Search& search) const {
  if (warm_ == nullptr || warm_->target == search.not_target || warm_->model == search.not_model)
    return;
  if (only_ == no_model && tier != no_tier &&
      (rows_.model(static_cast<std::size_t>(warm_->model)).tiers >> tier & 1u) == 0)
    return;
  Quote& quote = search.next();
  quote = *warm_;
  if (!search.with_risk) quote.expected -= quote.risk;
  search.offer();
}

void QuickPlanner::consider(std::size_t index, const QuickModel& model, std::int64_t likely_output,
                            Search& search) {
  QuickFit fit;
  if (!request_.fit(index, model, rows_, likely_output, fit)) return;
  const std::int32_t end = model.target_first + model.target_count;
  for (std::int32_t i = model.target_first; i < end; ++i) {
    const bool here = i == warm_at_;
    if (search.only_target != no_target ? i != search.only_target : here || i == search.not_target)
      continue;
    const CacheWrites writes = request_.writes_at(model, targets_[i], fit);
    const std::int64_t cached = here ? percent_of(warm_tokens_, model.ratio_percent) : 0;
    const std::int64_t likely = expected(index, fit, writes, cached);
    if (likely > search.dearest()) continue;
    const std::int64_t most = worst(index, fit, writes);
    if (!usable(i, most)) continue;
    const std::int32_t ppm = p_.health_.failure_ppm(i);
    Quote& quote = search.next();
    quote.risk = ppm != 0 && search.with_risk ? risk_of(model, likely, ppm) : 0;
    quote.expected = likely + quote.risk;
    quote.worst = most;
    quote.cached = cached;
    quote.model = static_cast<std::int32_t>(index);
    quote.target = i;
    quote.rank = model.rank;
    quote.writes = writes;
    quote.fit = fit;
    search.offer();
  }
}

[[gnu::cold]] Tariff QuickPlanner::tariff_of(std::size_t index) const {
  const Model& model = p_.catalog_.model(static_cast<std::int32_t>(index));
  return model.prices.tariff_at(in_.at, in_.service);
}

// Planner::risk_of.
[[gnu::noinline]] std::int64_t QuickPlanner::risk_of(const QuickModel& model, std::int64_t expected,
                                                     std::int32_t ppm) {
  std::int64_t again = expected;
  if (escalates_)
    if (const std::int64_t above = cheapest_of(std::bit_width(model.tiers)); above != INT64_MAX)
      again = above;
  return static_cast<std::int64_t>(static_cast<Int128>(again) * ppm / 1'000'000);
}

// The least expected cost in a tier, without risks; INT64_MAX: nobody there.
std::int64_t QuickPlanner::cheapest_of(std::int32_t tier) {
  if (static_cast<std::size_t>(tier) >= p_.catalog_.tiers().size()) return INT64_MAX;
  const auto slot = static_cast<std::size_t>(tier);
  if ((cheapest_known_ >> tier & 1u) == 0) {
    Search search(1);
    search.with_risk = false;
    search_all(tier, search);
    cheapest_[slot] = search.count() == 0 ? INT64_MAX : search.at(0).expected;
    cheapest_known_ |= 1u << tier;
  }
  return cheapest_[slot];
}

// Planner::choose_escalation. False: the general path has to look.
bool QuickPlanner::find_escalation(std::int32_t first, PlannedAttempt& found) {
  if (!escalates_ || p_.tier_ == no_tier) return true;
  const auto tiers = static_cast<std::int32_t>(p_.catalog_.tiers().size());
  std::int32_t up = std::bit_width(rows_.model(static_cast<std::size_t>(first)).tiers);
  if (up >= tiers) up = tiers - 1;
  if (in_.max_tier != no_tier) up = std::min(up, in_.max_tier);
  for (; up >= p_.tier_; --up) {
    Search search(1);
    search.not_model = first;
    search_all(up, search);
    if (needs_general_) return false;
    if (search.count() == 0) continue;
    fill(search.at(0), found);
    break;
  }
  return true;
}

// The next attempt. Those of the plan are listed only; who wants them all asks for every_candidate.
void QuickPlanner::write(const Quote& quote) {
  const std::size_t place = plan_.attempt_count++;
  fill(quote, plan_.attempts[place]);
  Candidate& candidate = plan_.candidates[place];
  candidate.target = quote.target;
  candidate.model = quote.model;
  candidate.reason = Reason::ok;
  candidate.place = plan_.attempt_count;
  candidate.cached_tokens = quote.cached;
  candidate.output_expected = quote.fit.output_expected;
  candidate.expected = {quote.expected};
  candidate.worst_case = {quote.worst};
  candidate.risk = {quote.risk};
}

void QuickPlanner::fill(const Quote& quote, PlannedAttempt& attempt) const {
  attempt.target = quote.target;
  attempt.model = quote.model;
  attempt.provider = targets_[quote.target].provider;
  attempt.expected = {quote.expected};
  attempt.worst_case = {quote.worst};
  attempt.input_tokens = quote.fit.input;
  attempt.input_tokens_upper = quote.fit.input_upper;
  attempt.output_tokens_max = quote.fit.output_max;
  attempt.output_expected = quote.fit.output_expected;
  attempt.writes = quote.writes;
  attempt.clamped = in_.facts.output_tokens_max > quote.fit.output_max;
  attempt.forced = false;
}

// Planner::set_baseline.
void QuickPlanner::set_baseline() {
  const std::int64_t cached = plan_.attempts[0].target == warm_at_ ? warm_tokens_ : 0;
  if (in_.verdict.asked_model != no_model) {
    if (set_baseline_to(in_.verdict.asked_model, cached)) return;
    p_.moment_ = utc_moment(in_.at);
    p_.set_baseline();
    return;
  }
  for (const std::int32_t model : p_.catalog_.premium()) {
    if (in_.access != nullptr && !in_.access->test(static_cast<std::size_t>(model))) continue;
    if (set_baseline_to(model, cached)) return;
  }
  set_baseline_to(plan_.attempts[0].model, cached);
}

bool QuickPlanner::set_baseline_to(std::int32_t number, std::int64_t counted_cached) {
  const auto index = static_cast<std::size_t>(number);
  const QuickModel& model = rows_.model(index);
  QuickFit fit;
  if (model.target_count == 0 || !request_.can(model) ||
      !request_.fit(index, model, rows_, likely_of(index), fit))
    return false;
  const CacheWrites writes = request_.writes_at(model, targets_[model.target_first], fit);
  plan_.baseline_model = number;
  plan_.baseline = {expected(index, fit, writes, percent_of(counted_cached, model.ratio_percent))};
  return true;
}

}  // namespace steelyard::router
