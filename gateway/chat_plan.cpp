// A request of a team with a plan: what each quota counts of it is held beside the money.
#include <algorithm>

#include "gateway/chat_call.h"
#include "gateway/plans.h"
#include "gateway/runtime.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

// One request's shares of its team's quotas. Made only for a team with a plan.
struct ChatCall::HeldQuotas {
  struct Share {
    const Quota* quota = nullptr;
    store::BookHold hold;
  };
  std::array<Share, quotas_max> shares;
  std::size_t count = 0;
  bool use_counted = false;  // a request is one use, whatever it takes
};

// Here, where all that a call holds is known.
ChatCall::ChatCall(Session& session)
    : session_(session),
      worker_(session.worker()),
      serving_(session.serving()),
      runtime_(session.runtime()),
      chain_(&session.principal()->chain),
      deadline_(&ChatCall::on_deadline, this),
      tap_out_(worker_.tools().tap_out) {}

ChatCall::~ChatCall() {
  session_.listen_for_departure(nullptr);
}

namespace {

std::string amount_text(const Quota& quota, std::int64_t amount) {
  if (quota.spec.unit == QuotaUnit::money) return "$" + std::string(UsdText({amount}).view());
  return std::to_string(amount) + " " + unit_word(quota.spec.unit);
}

Error used_up(const Quota& quota, const router::Denial& denial) {
  std::string text = "the plan's quota of " + amount_text(quota, denial.limit.v);
  if (!quota.spec.tier.empty()) text += " of tier `" + quota.spec.tier + "`";
  text.append(" per ").append(window_word(quota.per)).append(" is used up: ");
  text += amount_text(quota, denial.posted.v) + " used";
  if (denial.held.v > 0) text += ", " + amount_text(quota, denial.held.v) + " held";
  if (quota.spec.packs.adds > 0) text += ", and no further pack may be bought";
  return Error(ErrorKind::over_budget, ErrorSource::gateway, Retry::never, std::move(text));
}

}  // namespace

// What the attempt may take of the quota; 0: the quota does not count it.
std::int64_t ChatCall::share_of(const Quota& quota) const {
  switch (quota.spec.unit) {
    case QuotaUnit::money: return planned_->worst_case.v;
    case QuotaUnit::tokens:
      return planned_->input_tokens_upper +
             planned_->output_tokens_max * std::max(decision_.chat.choices, 1);
    case QuotaUnit::uses: break;
  }
  const bool counted = quotas_ != nullptr && quotas_->use_counted;
  const bool of_tier = quota.spec.tier.empty() || receipt_.tier == quota.spec.tier;
  return counted || !of_tier ? 0 : 1;
}

// After the money is held. All quotas or none: false, and error_ says which is used up.
bool ChatCall::hold_quotas() {
  if (quotas_ == nullptr) quotas_ = std::make_unique<HeldQuotas>();
  const TeamPlan& plan = *session_.principal()->plan;
  store::Books& books = worker_.seams().books;
  for (const Quota& quota : plan.quotas) {
    const std::int64_t share = share_of(quota);
    if (share == 0 || quotas_->count == quotas_->shares.size()) continue;
    const auto number = static_cast<std::uint8_t>(32 + 8 * quotas_->count + sent_count_ - 1);
    const router::AttemptKey key{receipt_.id, number};
    store::Reservation made =
        books.reserve(quota.chain, key, {share}, decision_.at, attempt_started_);
    Plans* const seller = worker_.seams().plans;
    if (made.status == store::Admission::denied && seller != nullptr &&
        seller->buy(plan, quota, share, books, decision_.at))
      made = books.reserve(quota.chain, key, {share}, decision_.at, attempt_started_);
    if (made.status == store::Admission::held) {
      quotas_->shares[quotas_->count++] = {&quota, made.hold};
      continue;
    }
    release();
    error_ = used_up(quota, made.denial);
    has_error_ = true;
    budget_details_ = {};
    if (made.denial.resets_at.ns != INT64_MAX) budget_details_.resets_at = made.denial.resets_at;
    extras_.budget = nullptr;
    return false;
  }
  return true;
}

void ChatCall::dispatch_quotas() {
  for (std::size_t i = 0; i < quotas_->count; ++i)
    (void)worker_.seams().books.dispatch(quotas_->shares[i].hold);
}

// What it was in the end. A request that nobody answered and that cost nothing is no use.
void ChatCall::settle_quotas(NanoUsd cost, std::int64_t tokens) {
  for (std::size_t i = 0; i < quotas_->count; ++i) {
    const HeldQuotas::Share& share = quotas_->shares[i];
    std::int64_t actual = cost.v;
    if (share.quota->spec.unit == QuotaUnit::tokens) actual = tokens;
    if (share.quota->spec.unit == QuotaUnit::uses) {
      actual = 1;
      quotas_->use_counted = true;
    }
    worker_.seams().books.settle(share.hold, {actual}, router::UsageSource::provider,
                                 worker_.now());
  }
  quotas_->count = 0;
}

void ChatCall::release_quotas() {
  for (std::size_t i = 0; i < quotas_->count; ++i)
    worker_.seams().books.release(quotas_->shares[i].hold, worker_.now());
  quotas_->count = 0;
}

void ChatCall::renew_quotas(Tick now) {
  for (std::size_t i = 0; i < quotas_->count; ++i)
    (void)worker_.seams().books.renew(quotas_->shares[i].hold, now);
}

}  // namespace steelyard
