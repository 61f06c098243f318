// The same plan as the general path, for the request most are: no conversation
// to stay with, the standard service tier, nobody who wants to see all
// candidates. Works on QuickRows, keeps 40 bytes per usable target, and leaves
// the rest (no route, clamping, odd sizes) to the general path.
#include <algorithm>
#include <array>
#include <bit>

#include "policies/rule_set.h"
#include "router/health.h"
#include "router/planner.h"

namespace steelyard::router {

using policies::no_model;
using policies::no_tier;

namespace {

// Times the largest ratio (100), or the most choices, a count stays within 31 bits: see
// quick_price_max.
constexpr std::int64_t tokens_max = std::int64_t{1} << 24;
constexpr std::int32_t choices_max = 127;

bool in_range(std::int64_t tokens, std::int64_t least) {
  return tokens >= least && tokens <= tokens_max;
}

std::int64_t percent_of(std::int64_t tokens, std::int32_t percent) {
  if (percent == 100) return tokens;
  const auto product = static_cast<std::uint64_t>(tokens) * static_cast<std::uint32_t>(percent);
  return static_cast<std::int64_t>((product + 99) / 100);
}

// tokens * price + output * output_price in pico-dollars, rounded up to nano-dollars.
std::int64_t bill(std::int64_t tokens, std::int64_t price, std::int64_t output,
                  std::int64_t output_price) {
  const auto pico = static_cast<std::uint64_t>(tokens * price + output * output_price);
  return static_cast<std::int64_t>((pico + 999) / 1000);
}

// One usable target. No initialisers: an array of them is not to be cleared per
// plan.
struct Quote {
  std::int64_t expected, worst;
  std::int32_t model, target, failure_ppm;
  std::uint32_t tiers, rank;
  CacheWrites writes;
};

bool better(const Quote& a, const Quote& b) {
  if (a.expected != b.expected) return a.expected < b.expected;
  if (a.worst != b.worst) return a.worst < b.worst;
  return a.model != b.model ? a.rank < b.rank : a.target < b.target;
}

}  // namespace

class QuickPlanner {
 public:
  explicit QuickPlanner(Planner& planner) : p_(planner), in_(planner.in_), plan_(planner.plan_) {}
  bool run();

 private:
  struct View {
    std::int64_t input, input_upper, output_max, output_expected;
    const QuickPrice* price;
    bool plain;  // `price` is all there is to know
  };
  bool suits() const;
  ModelMask pool() const;  // who may serve and can
  bool can(std::size_t index) const;
  bool fit(std::size_t index, const QuickModel& model, View& view) const;
  CacheWrites writes_at(const QuickModel& model, const Target& target, const View& view) const;
  std::int64_t expected(std::size_t index, const View& view, CacheWrites writes) const;
  std::int64_t worst(std::size_t index, const View& view, CacheWrites writes) const;
  void quote_model(std::size_t index, const QuickModel& model);
  void keep(const Quote& quote);
  void keep_cheapest(const Quote& quote);
  void add_risk();
  void choose();
  void choose_escalation();
  void set_baseline();
  void fill(const Quote& quote, PlannedAttempt& attempt) const;
  void list(const Quote& quote, std::size_t place);
  Tariff tariff_of(std::size_t index) const;

  Planner& p_;
  const PlanInput& in_;
  Plan& plan_;
  const QuickRows& rows_ = p_.catalog_.quick();
  const bool named_ = p_.named_ != no_model;
  const bool asked_ = in_.facts.output_tokens_max > 0;
  const std::span<const InputCount> counts_ = in_.counts;
  const std::int64_t counted_ = in_.facts.input_tokens;
  const std::int64_t bound_ = std::max(counted_, in_.facts.input_tokens_upper);
  const std::int32_t choices_ = p_.choices();
  const std::uint32_t refusable_ = named_ ? 0 : in_.parameters;
  // An answer may shrink down to this, if it may shrink.
  const std::int64_t least_ = named_ ? 1 : asked_ ? INT64_MAX : in_.output_useful;
  const CacheWrites unmarked_ = std::max(in_.marks, CacheWrites::five_minutes);
  const Target* const targets_ = p_.catalog_.targets().data();
  const OutputEstimates::RouteMeans lengths_ = p_.lengths_;
  std::int64_t want_ = asked_ ? in_.facts.output_tokens_max : in_.output_default;
  bool over_room_ = false, risky_ = false;
  std::size_t count_ = 0;
  std::array<Quote, limits::candidates_max> quotes_;
};

bool Planner::quick() {
  return QuickPlanner(*this).run();
}

bool QuickPlanner::run() {
  if (!suits()) return false;
  if (in_.verdict.output_tokens_max > 0) want_ = std::min(want_, in_.verdict.output_tokens_max);
  pool().for_each([this](std::size_t model) { quote_model(model, rows_.model(model)); });
  // Nobody left: the general path says why. Too dear: it may lower the output.
  if (count_ == 0 || (over_room_ && in_.when_over != WhenOverRoom::refuse)) return false;
  if (risky_) add_risk();
  plan_.omitted = 0;
  plan_.counts.fill(0);
  plan_.counts[static_cast<std::size_t>(Reason::ok)] = static_cast<std::uint16_t>(count_);
  choose();
  choose_escalation();
  set_baseline();
  return true;
}

bool QuickPlanner::suits() const {
  return !in_.every_candidate && in_.service == ServiceTier::standard && in_.warm.empty() &&
         in_.warm_target == no_target && p_.locked_ == no_model && in_range(counted_, 0) &&
         in_range(bound_, 0) && in_range(want_, 1) && in_range(in_.output_useful, 1) &&
         choices_ <= choices_max;
}

ModelMask QuickPlanner::pool() const {
  ModelMask pool = p_.pool();
  const policies::RequestFacts& facts = in_.facts;
  if (named_) return pool;
  if (facts.tools) pool &= rows_.tools;
  if (facts.images) pool &= rows_.vision;
  if (facts.structured_output) pool &= rows_.structured_output;
  if (facts.reasoning) pool &= rows_.reasoning;
  return pool;
}

bool QuickPlanner::can(std::size_t index) const {
  const policies::RequestFacts& facts = in_.facts;
  return named_ || ((!facts.tools || rows_.tools.test(index)) &&
                    (!facts.images || rows_.vision.test(index)) &&
                    (!facts.structured_output || rows_.structured_output.test(index)) &&
                    (!facts.reasoning || rows_.reasoning.test(index)));
}

// Planner::fit and fit_output, without the reasons.
[[gnu::always_inline]] inline bool QuickPlanner::fit(std::size_t index, const QuickModel& model,
                                                     View& view) const {
  if ((model.refuses & refusable_) != 0) return false;
  if (index < counts_.size()) {
    view.input = counts_[index].tokens;
    view.input_upper = counts_[index].upper;
  } else {
    view.input = percent_of(counted_, model.ratio_percent);
    view.input_upper = percent_of(bound_, model.upper_percent);
  }
  std::int64_t want = want_;
  if (want > model.output_tokens_max) {
    if (asked_ && !named_) return false;
    want = model.output_tokens_max;
  }
  const std::int64_t left = model.context_tokens - (named_ ? view.input : view.input_upper);
  if (left < std::min(want, least_)) return false;
  view.output_max = std::min(want, left);
  const std::int64_t likely = lengths_.mean(index, model.id);
  view.output_expected = std::min(std::max<std::int64_t>(likely, 1), view.output_max);
  for (const QuickPrice& price : rows_.prices_of(model)) {
    if (in_.at < price.from || in_.at >= price.until) continue;
    view.price = &price;
    view.plain = std::max(view.input, view.input_upper) <= price.tokens_max;
    return true;
  }
  return false;
}

[[gnu::cold]] Tariff QuickPlanner::tariff_of(std::size_t index) const {
  const Model& model = p_.catalog_.model(static_cast<std::int32_t>(index));
  return model.prices.tariff_at(in_.at, p_.moment_, in_.service);
}

inline CacheWrites QuickPlanner::writes_at(const QuickModel& model, const Target& target,
                                           const View& view) const {
  if (view.input_upper < model.cache_min_tokens) return CacheWrites::none;
  return target.marked_cache ? in_.marks : unmarked_;
}

inline std::int64_t QuickPlanner::expected(std::size_t index, const View& view,
                                           CacheWrites writes) const {
  const std::int64_t output = view.output_expected * choices_;
  if (!view.plain) return expected_cost({view.input, 0, output, writes}, tariff_of(index)).v;
  const std::int64_t price = view.price->fresh[static_cast<std::size_t>(writes)];
  return bill(view.input, price, output, view.price->output);
}

inline std::int64_t QuickPlanner::worst(std::size_t index, const View& view,
                                        CacheWrites writes) const {
  const std::int64_t output = view.output_max * choices_;
  if (!view.plain) return worst_case({view.input_upper, output, writes}, tariff_of(index)).v;
  const std::int64_t price = view.price->dearest[static_cast<std::size_t>(writes)];
  return bill(view.input_upper, price, output, view.price->output);
}

[[gnu::always_inline]] inline void QuickPlanner::quote_model(std::size_t index,
                                                             const QuickModel& model) {
  View view;
  if (!fit(index, model, view)) return;
  auto writes = static_cast<CacheWrites>(0xFF);
  std::int64_t likely = 0, most = 0;
  const Target* target = targets_ + model.target_first;
  for (std::int32_t i = model.target_first; i < model.target_first + model.target_count;
       ++i, ++target) {
    if (const CacheWrites here = writes_at(model, *target, view); here != writes) {
      writes = here;
      likely = expected(index, view, writes);
      most = worst(index, view, writes);
    }
    if (most > in_.room.v) {
      over_room_ = true;
      continue;
    }
    const Admission admission = p_.health_.admits(i, in_.now);
    if (admission == Admission::open || admission == Admission::parked) continue;
    keep({likely, most, static_cast<std::int32_t>(index), i, p_.health_.failure_ppm(i), model.tiers,
          model.rank, writes});
  }
}

// As Planner::list: the cheapest stay when there are too many.
inline void QuickPlanner::keep(const Quote& quote) {
  risky_ |= quote.failure_ppm != 0;
  if (count_ < quotes_.size()) {
    quotes_[count_++] = quote;
    return;
  }
  keep_cheapest(quote);
}

[[gnu::noinline]] void QuickPlanner::keep_cheapest(const Quote& quote) {
  Quote& dearest = *std::max_element(quotes_.begin(), quotes_.end(), better);
  if (better(quote, dearest)) dearest = quote;
}

void QuickPlanner::add_risk() {
  std::array<std::int64_t, policies::tiers_max + 1> cheapest;
  cheapest.fill(INT64_MAX);
  const bool escalates = in_.verdict.escalate_on != 0 && p_.held_to_tier();
  if (escalates)
    for (std::size_t i = 0; i < count_; ++i)
      for (std::uint32_t bits = quotes_[i].tiers; bits != 0; bits &= bits - 1) {
        std::int64_t& least = cheapest[static_cast<std::size_t>(std::countr_zero(bits))];
        least = std::min(least, quotes_[i].expected);
      }
  for (Quote& quote : std::span(quotes_.data(), count_)) {
    if (quote.failure_ppm == 0) continue;
    const std::int64_t above = cheapest[static_cast<std::size_t>(std::bit_width(quote.tiers))];
    const std::int64_t again = escalates && above != INT64_MAX ? above : quote.expected;
    quote.expected +=
        static_cast<std::int64_t>(static_cast<Int128>(again) * quote.failure_ppm / 1'000'000);
  }
}

// Keeps the few best in order.
void QuickPlanner::choose() {
  const auto wanted = static_cast<std::size_t>(std::clamp(in_.attempts, 1, limits::attempts_max));
  std::array<const Quote*, limits::attempts_max> order;
  std::size_t count = 0;
  std::int64_t dearest = INT64_MAX;  // of the few, once they are complete
  for (const Quote& quote : std::span(quotes_.data(), count_)) {
    if (quote.expected > dearest) continue;
    if (count == wanted && !better(quote, *order[count - 1])) continue;
    if (count < wanted) ++count;
    std::size_t place = count - 1;
    for (; place > 0 && better(quote, *order[place - 1]); --place) order[place] = order[place - 1];
    order[place] = &quote;
    if (count == wanted) dearest = order[count - 1]->expected;
  }
  for (std::size_t i = 0; i < count; ++i) {
    fill(*order[i], plan_.attempts[i]);
    list(*order[i], i);
  }
  plan_.attempt_count = static_cast<std::uint8_t>(count);
  plan_.candidate_count = static_cast<std::uint16_t>(count);
}

// Those of the plan only; who wants them all asks for every_candidate.
void QuickPlanner::list(const Quote& quote, std::size_t place) {
  Candidate& candidate = plan_.candidates[place];
  candidate.target = quote.target;
  candidate.model = quote.model;
  candidate.reason = Reason::ok;
  candidate.place = static_cast<std::uint8_t>(place + 1);
  candidate.cached_tokens = 0;
  candidate.output_expected = plan_.attempts[place].output_expected;
  candidate.expected = {quote.expected};
  candidate.worst_case = {quote.worst};
}

void QuickPlanner::fill(const Quote& quote, PlannedAttempt& attempt) const {
  View view{};
  const auto index = static_cast<std::size_t>(quote.model);
  (void)fit(index, rows_.model(index), view);
  attempt.target = quote.target;
  attempt.model = quote.model;
  attempt.provider = p_.catalog_.target(quote.target).provider;
  attempt.expected = {quote.expected};
  attempt.worst_case = {quote.worst};
  attempt.input_tokens = view.input;
  attempt.input_tokens_upper = view.input_upper;
  attempt.output_tokens_max = view.output_max;
  attempt.output_expected = view.output_expected;
  attempt.writes = quote.writes;
  attempt.clamped = in_.facts.output_tokens_max > view.output_max;
  attempt.forced = false;
}

void QuickPlanner::choose_escalation() {
  if (in_.verdict.escalate_on == 0 || !p_.held_to_tier() || p_.tier_ == no_tier) return;
  const std::int32_t first = plan_.attempts[0].model;
  const auto tiers = static_cast<std::int32_t>(p_.catalog_.tiers().size());
  std::int32_t up = std::bit_width(rows_.model(static_cast<std::size_t>(first)).tiers);
  if (up >= tiers) up = tiers - 1;
  if (in_.max_tier != no_tier) up = std::min(up, in_.max_tier);
  for (; up >= p_.tier_; --up) {
    const Quote* found = nullptr;
    for (const Quote& quote : std::span(quotes_.data(), count_))
      if ((quote.tiers >> up & 1u) != 0 && quote.model != first &&
          (found == nullptr || better(quote, *found)))
        found = &quote;
    if (found == nullptr) continue;
    fill(*found, plan_.escalation);
    return;
  }
}

void QuickPlanner::set_baseline() {
  if (in_.verdict.asked_model != no_model) {
    p_.set_baseline();
    return;
  }
  const auto compare_with = [&](std::int32_t number) {
    const auto index = static_cast<std::size_t>(number);
    const QuickModel& model = rows_.model(index);
    View view;
    if (!can(index) || !fit(index, model, view)) return false;
    const Target* first = targets_ + model.target_first;
    plan_.baseline_model = number;
    plan_.baseline = {expected(index, view, writes_at(model, *first, view))};
    return true;
  };
  for (const std::int32_t model : p_.catalog_.premium()) {
    if (in_.access != nullptr && !in_.access->test(static_cast<std::size_t>(model))) continue;
    if (compare_with(model)) return;
  }
  compare_with(plan_.attempts[0].model);
}

}  // namespace steelyard::router
