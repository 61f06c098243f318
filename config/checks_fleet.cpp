// A fleet: what it needs, and what cannot be shared yet.
#include "config/checks.h"

namespace steelyard {
namespace {

void check_budgets(const std::vector<BudgetSpec>& budgets, DiagnosticSink& sink) {
  for (const BudgetSpec& budget : budgets) {
    if (budget.per == WindowKind::rolling)
      sink.error("C0461", budget.at, "a rolling budget is not shared over a fleet",
                 "each process would allow all of it", "use a calendar window: `per: day`");
    for (const Threshold& threshold : budget.thresholds)
      if (threshold.action == ThresholdAction::require_approval)
        sink.error("C0461", threshold.at, "approvals are not shared over a fleet",
                   "each process would wait for its own", "use `block`, `warn` or `max_tier`");
    if (budget.limit > fleet_limit_max)
      sink.error("C0462", budget.at, "a budget of a fleet is at most $9,007,199.25",
                 "more than the store counts exactly", "divide it, or lower it");
  }
}

void check_rate(const RateSpec& rate, SourceSpan at, DiagnosticSink& sink) {
  if (rate.empty()) return;
  sink.warning("C0463", at, "its `rate` is counted by each process of the fleet for itself",
               "as many times as there are replicas", "divide it by the number of replicas");
}

}  // namespace

void check_fleet(const GatewayDraft& draft, DiagnosticSink& sink) {
  if (!draft.spec.fleet) return;
  const FleetSpec& fleet = *draft.spec.fleet;
  if (draft.spec.ledger.directory.empty())
    sink.error("C0460", draft.ledger_at.line != 0 ? draft.ledger_at : fleet.at,
               "a fleet needs a ledger on disk", "what was spent would be forgotten",
               "write `ledger: { directory: ... }`, one for each process");
  if (2 * fleet.beat_ms > fleet.wait_ms || fleet.wait_ms > fleet.lease_ms ||
      3 * fleet.beat_ms > fleet.lease_ms || fleet.timeout_ms > fleet.lease_ms)
    sink.error("C0464", fleet.at, "the times of `fleet` do not fit each other",
               "a request would give up before others can answer",
               "two `beat` fit in `wait`; `wait`, `timeout` and three `beat` fit in `lease`");
  for (const OrganisationSpec& organisation : draft.spec.organisations) {
    check_budgets(organisation.budgets, sink);
    check_rate(organisation.rate, organisation.at, sink);
    for (const TeamSpec& team : organisation.teams) {
      check_budgets(team.budgets, sink);
      check_rate(team.rate, team.at, sink);
      if (!team.plan.empty() || team.plan.seat_fee.v > 0)
        sink.error("C0461", team.plan.at, "a plan is not shared over a fleet",
                   "each process would charge its fees", "use budgets");
      for (const ProjectSpec& project : team.projects) check_budgets(project.budgets, sink);
      for (const KeySpec& key : team.keys) {
        check_budgets(key.budgets, sink);
        check_rate(key.rate, key.at, sink);
      }
    }
  }
}

}  // namespace steelyard
