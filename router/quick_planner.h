#pragma once
// The work behind Planner::quick; only router/plan_quick*.cpp include it.
#include <algorithm>
#include <array>

#include "router/health.h"
#include "router/meter.h"
#include "router/planner.h"
#include "router/quick_fit.h"

namespace steelyard::router {

// One usable target. No initialisers: rooms for it are not to be cleared per plan.
struct Quote {
  std::int64_t expected, worst;
  std::int64_t risk;    // part of `expected`
  std::int64_t cached;  // tokens
  std::int32_t model, target;
  std::uint32_t rank;
  CacheWrites writes;
  QuickFit fit;
};

// The best few usable targets, found without looking at all: models come in a cheap order, and a
// bound below the cost of all that remain ends the search (PriceStep).
class Search {
 public:
  explicit Search(std::size_t wanted) : wanted_(wanted) {}

  std::size_t count() const { return count_; }
  const Quote& at(std::size_t place) const { return quotes_[order_[place]]; }
  // Dearer ones need not be offered: nano-dollars, and the same in pico-dollars.
  std::int64_t dearest() const { return dearest_; }
  std::uint64_t enough() const { return enough_; }
  Quote& next() { return quotes_[spare_]; }  // write it here, then offer()
  void offer();

  std::int32_t not_model = policies::no_model;  // left out
  std::int32_t not_target = no_target;          // likewise
  std::int32_t only_target = no_target;         // no other
  bool with_risk = true;

 private:
  std::size_t wanted_, count_ = 0, spare_ = 0;
  std::int64_t dearest_ = INT64_MAX;
  std::uint64_t enough_ = UINT64_MAX;
  std::array<std::uint8_t, limits::attempts_max> order_;
  std::array<Quote, limits::attempts_max + 1> quotes_;
};

class QuickPlanner {
 public:
  explicit QuickPlanner(Planner& planner);
  bool run();

 private:
  // plan_quick.cpp
  bool suits() const;
  void bound_all();
  bool admitted(std::size_t index, const QuickModel& model) const;
  void search_all(std::int32_t tier, Search& search);
  void walk(std::int32_t tier, Search& search);
  void consider(std::size_t index, const QuickModel& model, std::int64_t likely_output,
                Search& search);
  std::int64_t likely_of(std::size_t index) const {  // output, per choice
    return p_.lengths_.mean(index, rows_.model(index).id);
  }
  void consider_warm(std::int32_t tier, Search& search) const;
  bool usable(std::int32_t target, std::int64_t worst);
  std::int64_t expected(std::size_t index, const QuickFit& fit, CacheWrites writes,
                        std::int64_t cached) const;
  std::int64_t worst(std::size_t index, const QuickFit& fit, CacheWrites writes) const;
  Tariff tariff_of(std::size_t index) const;
  std::int64_t risk_of(const QuickModel& model, std::int64_t expected, std::int32_t ppm);
  std::int64_t cheapest_of(std::int32_t tier);
  bool find_escalation(std::int32_t first, PlannedAttempt& found);
  void write(const Quote& quote);
  void fill(const Quote& quote, PlannedAttempt& attempt) const;
  void set_baseline();
  bool set_baseline_to(std::int32_t model, std::int64_t counted_cached);

  // plan_quick_session.cpp: Planner::session_front
  struct Leave {  // the best place to go instead
    NanoUsd cost{INT64_MAX};
    std::int32_t target = no_target;
  };
  void quote_warm(Search& warm);
  std::int32_t session_front();  // the target that must come first
  Leave best_leave(std::int64_t turns, std::int64_t rewarm_risk);
  void consider_leaving(std::size_t index, const QuickModel& model, std::int64_t turns,
                        std::int64_t rewarm_risk, Leave& best);

  Planner& p_;
  const PlanInput& in_;
  Plan& plan_;
  const QuickRows& rows_;
  const QuickRequest request_;
  const std::int32_t only_;  // the one model there is to choose from
  const std::int32_t must_tier_;
  const bool escalates_;
  const Target* const targets_;
  std::uint64_t input_least_ = 0;     // no model makes fewer tokens of the request
  std::int64_t shortest_ = 1;         // no model cuts a likely answer shorter
  std::uint64_t output_least_ = 1;    // all choices: no answer is expected to be shorter
  std::int32_t warm_at_ = no_target;  // holds warm_tokens_ of this conversation
  std::int64_t warm_tokens_ = 0;      // in the gateway's counter
  const Quote* warm_ = nullptr;       // there, if it is usable
  bool needs_general_ = false;        // met something that the general path must see
  std::uint32_t cheapest_known_ = 0;  // bits of cheapest_
  std::array<std::int64_t, 32> cheapest_;
};

// In the pool, as Planner::pool says, and capable.
[[gnu::always_inline]] inline bool QuickPlanner::admitted(std::size_t index,
                                                          const QuickModel& model) const {
  if (in_.access != nullptr && !in_.access->test(index)) return false;
  if (!request_.can(model)) return false;
  if (p_.locked_ != policies::no_model) return true;
  if (must_tier_ != policies::no_tier && (model.tiers >> must_tier_ & 1u) == 0) return false;
  return in_.verdict.allowed.test(index) && p_.released_ != static_cast<std::int32_t>(index);
}

inline bool QuickPlanner::usable(std::int32_t target, std::int64_t worst) {
  if (worst > in_.room.v) {
    needs_general_ |= in_.when_over != WhenOverRoom::refuse;  // it may lower the output
    return false;
  }
  if (p_.bound_ != no_target && p_.bound_ != target) return false;
  const Admission admission = p_.health_.admits(target, in_.now);
  return admission == Admission::ok || admission == Admission::probe;
}

inline std::int64_t QuickPlanner::expected(std::size_t index, const QuickFit& fit,
                                           CacheWrites writes, std::int64_t cached) const {
  if (fit.plain) return request_.expected(fit, writes, std::min(cached, fit.input));
  const std::int64_t output = fit.output_expected * request_.choices;
  return expected_cost({fit.input, cached, output, writes}, tariff_of(index)).v;
}

inline std::int64_t QuickPlanner::worst(std::size_t index, const QuickFit& fit,
                                        CacheWrites writes) const {
  if (fit.plain) return request_.worst(fit, writes);
  const std::int64_t output = fit.output_max * request_.choices;
  return worst_case({fit.input_upper, output, writes, in_.media}, tariff_of(index)).v;
}

}  // namespace steelyard::router
