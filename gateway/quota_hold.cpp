#include "gateway/quota_hold.h"

#include <string>

#include "gateway/plans.h"
#include "gateway/usd_text.h"

namespace steelyard {
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
std::int64_t QuotaHold::share_of(const Quota& quota, const QuotaAsk& ask) const {
  switch (quota.spec.unit) {
    case QuotaUnit::money: return ask.money.v;
    case QuotaUnit::tokens: return ask.tokens;
    case QuotaUnit::uses: break;
  }
  const bool of_tier = quota.spec.tier.empty() || ask.tier == quota.spec.tier;
  return use_counted_ || !of_tier ? 0 : 1;
}

bool QuotaHold::hold(const TeamPlan& plan, const router::RequestId& request, std::uint8_t attempt,
                     const QuotaAsk& ask, store::Books& books, Plans* seller, Instant now,
                     Tick tick) {
  for (const Quota& quota : plan.quotas) {
    const std::int64_t share = share_of(quota, ask);
    if (share == 0 || count_ == shares_.size()) continue;
    const auto number = static_cast<std::uint8_t>(32 + 8 * count_ + attempt);
    const router::AttemptKey key{request, number};
    store::Reservation made = books.reserve(quota.chain, key, {share}, now, tick);
    if (made.status == store::Admission::denied && seller != nullptr &&
        seller->buy(plan, quota, share, books, now))
      made = books.reserve(quota.chain, key, {share}, now, tick);
    if (made.status == store::Admission::held) {
      shares_[count_++] = {&quota, made.hold};
      continue;
    }
    release(books, now);
    error_ = used_up(quota, made.denial);
    resets_at_ = std::nullopt;
    if (made.denial.resets_at.ns != INT64_MAX) resets_at_ = made.denial.resets_at;
    return false;
  }
  return true;
}

void QuotaHold::dispatch(store::Books& books) {
  for (std::size_t i = 0; i < count_; ++i) (void)books.dispatch(shares_[i].hold);
}

void QuotaHold::settle(store::Books& books, NanoUsd cost, std::int64_t tokens, Instant now) {
  for (std::size_t i = 0; i < count_; ++i) {
    const Share& share = shares_[i];
    std::int64_t actual = cost.v;
    if (share.quota->spec.unit == QuotaUnit::tokens) actual = tokens;
    if (share.quota->spec.unit == QuotaUnit::uses) {
      actual = 1;
      use_counted_ = true;
    }
    books.settle(share.hold, {actual}, router::UsageSource::provider, now);
  }
  count_ = 0;
}

void QuotaHold::release(store::Books& books, Instant now) {
  for (std::size_t i = 0; i < count_; ++i) books.release(shares_[i].hold, now);
  count_ = 0;
}

void QuotaHold::renew(store::Books& books, Tick now) {
  for (std::size_t i = 0; i < count_; ++i) (void)books.renew(shares_[i].hold, now);
}

}  // namespace steelyard
