#include "gateway/plans.h"

#include <algorithm>
#include <mutex>

#include "gateway/reports/fee_line.h"
#include "gateway/store/append_log.h"
#include "gateway/telemetry/log.h"
#include "gateway/usd_text.h"
#include "router/ledger/unit.h"

namespace steelyard {
namespace {

WindowKind window_of(PlanWindow per) {
  switch (per) {
    case PlanWindow::hour: return WindowKind::hour;
    case PlanWindow::day: return WindowKind::day;
    case PlanWindow::week: return WindowKind::week;
    case PlanWindow::month: return WindowKind::month;
    case PlanWindow::quarter: return WindowKind::quarter;
    case PlanWindow::year: return WindowKind::year;
  }
  return WindowKind::month;
}

// "uses-premium-day": one quota of a kind, tier and window a team (checks_plans.cpp).
std::string name_of(const QuotaSpec& quota) {
  std::string out = unit_word(quota.unit);
  if (!quota.tier.empty()) out += "-" + quota.tier;
  return out + "-" + window_word(window_of(quota.per));
}

// Counted, never refused by the books themselves.
BudgetSpec fee_account(NanoUsd limit, const PlanSpec& plan) {
  BudgetSpec out;
  out.limit = limit;
  out.per = window_of(plan.per);
  out.time_zone = plan.time_zone;
  Threshold full;
  full.action = ThresholdAction::warn;
  out.thresholds.push_back(full);
  return out;
}

BudgetSpec quota_account(const QuotaSpec& quota, const PlanSpec& plan) {
  BudgetSpec out;
  out.limit = {quota.amount};
  out.per = window_of(quota.per);
  out.time_zone = plan.time_zone;
  return out;
}

NanoUsd times(NanoUsd price, std::int64_t count) {
  const Int128 product = static_cast<Int128>(price.v) * count;
  return {static_cast<std::int64_t>(std::min<Int128>(product, INT64_MAX))};
}

bool has_seats(const PlanSpec& plan) {
  return plan.seats > 0 && plan.seat_fee.v > 0;
}
bool has_packs(const PlanSpec& plan) {
  return std::any_of(plan.included.begin(), plan.included.end(),
                     [](const QuotaSpec& quota) { return quota.packs.adds > 0; });
}

NanoUsd packs_at_most(const PlanSpec& plan) {
  Int128 sum = 0;
  for (const QuotaSpec& quota : plan.included)
    if (quota.packs.adds > 0) sum += times(quota.packs.price, quota.packs.most).v;
  return {static_cast<std::int64_t>(std::min<Int128>(sum, INT64_MAX))};
}

// Accounts of one plan, by name, in an order that build_plans() follows.
std::vector<std::pair<std::string, BudgetSpec>> accounts_of(const PlanSpec& plan) {
  std::vector<std::pair<std::string, BudgetSpec>> out;
  if (has_seats(plan))
    out.emplace_back("seats", fee_account(times(plan.seat_fee, plan.seats), plan));
  if (has_packs(plan)) out.emplace_back("packs", fee_account(packs_at_most(plan), plan));
  for (const QuotaSpec& quota : plan.included)
    out.emplace_back(name_of(quota), quota_account(quota, plan));
  return out;
}

std::int32_t tier_named(const GatewaySpec& spec, const std::string& name) {
  for (std::size_t i = 0; i < spec.tiers.size(); ++i)
    if (spec.tiers[i].name == name) return static_cast<std::int32_t>(i);
  return -1;
}

Quota quota_of(const GatewaySpec& spec, const QuotaSpec& quota, const std::string& scope) {
  Quota out;
  out.spec = quota;
  out.scope = scope + name_of(quota);
  out.per = window_of(quota.per);
  if (!quota.tier.empty()) out.tier = tier_named(spec, quota.tier);
  if (!quota.then_tier.empty()) out.then_tier = tier_named(spec, quota.then_tier);
  return out;
}

std::unique_ptr<TeamPlan> plan_of(const GatewaySpec& spec, const OrganisationSpec& organisation,
                                  const TeamSpec& team, const std::vector<store::KeyChain>& chains,
                                  std::size_t& next) {
  const PlanSpec& plan = team.plan;
  auto out = std::make_unique<TeamPlan>();
  out->organisation = organisation.name;
  out->team = team.name;
  out->seats = plan.seats;
  out->seat_fee = plan.seat_fee;
  out->per = window_of(plan.per);
  const std::string scope =
      std::string(router::plan_prefix) + organisation.name + "/" + team.name + "/";
  if (has_seats(plan)) {
    out->seats_scope = scope + "seats";
    out->seats_chain = chains[next++].chain;
  }
  if (has_packs(plan)) {
    out->packs_scope = scope + "packs";
    out->packs_chain = chains[next++].chain;
  }
  for (const QuotaSpec& quota : plan.included) {
    out->quotas.push_back(quota_of(spec, quota, scope));
    out->quotas.back().chain = chains[next++].chain;
    out->lowers |= out->quotas.back().then_tier >= 0;
  }
  return out;
}

std::string line_of(const TeamPlan& plan, const char* kind, const std::string& what,
                    std::int64_t count, NanoUsd amount, Instant now) {
  return reports::fee_line({plan.organisation, plan.team, kind, what, count, amount, now});
}

}  // namespace

std::vector<OrganisationSpec> plan_organisations(const GatewaySpec& spec) {
  std::vector<OrganisationSpec> out;
  for (const OrganisationSpec& organisation : spec.organisations) {
    for (const TeamSpec& team : organisation.teams) {
      if (team.plan.empty()) continue;
      OrganisationSpec& made = out.emplace_back();
      made.name = std::string(router::plan_prefix) + organisation.name;
      made.teams.emplace_back().name = team.name;
      for (auto& [name, budget] : accounts_of(team.plan)) {
        KeySpec& key = made.teams[0].keys.emplace_back();
        key.id = name;
        key.budgets.push_back(std::move(budget));
      }
    }
  }
  return out;
}

std::vector<std::unique_ptr<TeamPlan>> build_plans(const GatewaySpec& spec,
                                                   const std::vector<store::KeyChain>& chains,
                                                   std::size_t first) {
  std::vector<std::unique_ptr<TeamPlan>> out;
  for (const OrganisationSpec& organisation : spec.organisations)
    for (const TeamSpec& team : organisation.teams)
      out.push_back(team.plan.empty() ? nullptr : plan_of(spec, organisation, team, chains, first));
  return out;
}

struct Plans::State {
  store::FileOps files;
  std::mutex mutex;
  store::AppendLog fees;

  void note(const std::string& line) {
    const Result<void> written = fees.append(line);
    if (!written) telemetry::log_error("a fee is not in its file: {}", written.error().context);
  }
};

Plans::Plans(std::unique_ptr<State> state) : state_(std::move(state)) {}
Plans::~Plans() = default;

Result<std::unique_ptr<Plans>> Plans::open(const std::string& ledger) {
  auto state = std::make_unique<State>();
  if (!ledger.empty()) {
    Result<store::AppendLog> fees =
        store::AppendLog::open(reports::fees_path(ledger), state->files, [](std::string_view) {});
    if (!fees) return fail(fees.error());
    state->fees = std::move(*fees);
  }
  return std::unique_ptr<Plans>(new Plans(std::move(state)));
}

void Plans::charge_seats(const std::vector<std::unique_ptr<TeamPlan>>& plans, store::Books& books,
                         Instant now) {
  for (const std::unique_ptr<TeamPlan>& plan : plans) {
    if (plan == nullptr || plan->seats_scope.empty()) continue;
    const NanoUsd due = times(plan->seat_fee, plan->seats);
    const store::ChainView view = books.view(plan->seats_chain, now);
    const NanoUsd missing = due - view.accounts[0].posted;
    if (missing.v <= 0) continue;
    const auto booked = books.adjust({plan->seats_scope, plan->per},
                                     router::AdjustReason::correction, missing, "seats", now);
    if (!booked) {
      telemetry::log_error("the fee of seats is not booked: {}", booked.error().context);
      continue;
    }
    const std::lock_guard lock(state_->mutex);
    state_->note(line_of(*plan, "seats", "", plan->seats, missing, now));
  }
}

bool may_buy(const Quota& quota, const router::AccountView& view) {
  return quota.spec.packs.adds > 0 && view.credit.v / quota.spec.packs.adds < quota.spec.packs.most;
}

bool Plans::buy(const TeamPlan& plan, const Quota& quota, std::int64_t asked, store::Books& books,
                Instant now) {
  const PackSpec& pack = quota.spec.packs;
  if (pack.adds <= 0) return false;
  const std::lock_guard lock(state_->mutex);
  const store::ChainView before = books.view(quota.chain, now);
  const router::AccountView& view = before.accounts[0];
  const std::int64_t missing = asked - view.remaining().v;
  if (missing <= 0) return true;  // somebody else has bought
  const std::int64_t wanted = (missing - 1) / pack.adds + 1;
  if (wanted > pack.most - view.credit.v / pack.adds) return false;
  const NanoUsd price = times(pack.price, wanted);
  // The fee first: a process that dies between the two has sold nothing for nothing.
  const std::string note = std::to_string(wanted) + " of " + quota.scope;
  const std::string_view short_note = std::string_view(note).substr(0, router::note_bytes_max);
  const auto booked = books.adjust({plan.packs_scope, plan.per}, router::AdjustReason::correction,
                                   price, short_note, now);
  if (!booked) return false;
  const auto added = books.adjust({quota.scope, quota.per}, router::AdjustReason::top_up,
                                  {pack.adds * wanted}, "packs", now);
  if (!added) return false;
  telemetry::log_info("{} packs bought for `{}` at ${}", wanted, quota.scope,
                      UsdText(price).view());
  state_->note(line_of(plan, "packs", quota.scope, wanted, price, now));
  return true;
}

}  // namespace steelyard
