// Plans: tiers that exist, quotas that can be told apart, fees that somebody pays.
#include <string>

#include "config/checks.h"

namespace steelyard {
namespace {

bool same(const QuotaSpec& a, const QuotaSpec& b) {
  return a.unit == b.unit && a.tier == b.tier && a.per == b.per;
}

void check_quota(const GatewaySpec& spec, const QuotaSpec& quota, DiagnosticSink& sink) {
  if (!quota.tier.empty()) check_tier_name(spec, quota.tier, quota.tier_at, sink);
  if (!quota.then_tier.empty()) check_tier_name(spec, quota.then_tier, quota.then_at, sink);
  if (!quota.tier.empty() && quota.unit != QuotaUnit::uses)
    sink.error("C0450", quota.at, "only `uses` can be of a tier", "counts all requests",
               "leave `tier` out, or count `uses`");
}

void check_plan(const GatewaySpec& spec, const TeamSpec& team, DiagnosticSink& sink) {
  const PlanSpec& plan = team.plan;
  if ((plan.seats > 0) != (plan.seat_fee.v > 0) && plan.at.line != 0)
    sink.warning("C0451", plan.at,
                 plan.seats > 0 ? "seats without a `seat_fee`" : "a `seat_fee` without seats",
                 "nothing is charged", "write both");
  for (std::size_t i = 0; i < plan.included.size(); ++i) {
    check_quota(spec, plan.included[i], sink);
    for (std::size_t k = 0; k < i; ++k) {
      if (!same(plan.included[i], plan.included[k])) continue;
      sink.add({Severity::error,
                "C0452",
                "two quotas that count the same",
                {plan.included[i].at, "the second one"},
                {{plan.included[k].at, "the first one"}},
                "keep one of the two, or give it another window or tier"});
    }
  }
}

void check_paces(const std::vector<BudgetSpec>& budgets, DiagnosticSink& sink) {
  for (const BudgetSpec& budget : budgets) {
    const bool ends = budget.per != WindowKind::lifetime && budget.per != WindowKind::rolling;
    if (ends || budget.pace.empty()) continue;
    sink.warning("C0453", budget.at, "a pace needs a window that ends", "never ahead of it",
                 "use thresholds: `at: {80%: {max_tier: economy}}`");
  }
}

}  // namespace

void check_plans(const GatewaySpec& spec, DiagnosticSink& sink) {
  for (const OrganisationSpec& organisation : spec.organisations) {
    check_paces(organisation.budgets, sink);
    for (const TeamSpec& team : organisation.teams) {
      check_paces(team.budgets, sink);
      for (const KeySpec& key : team.keys) check_paces(key.budgets, sink);
      if (!team.plan.empty() || team.plan.seat_fee.v > 0) check_plan(spec, team, sink);
    }
  }
}

}  // namespace steelyard
