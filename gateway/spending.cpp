#include "gateway/spending.h"

#include <algorithm>

#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

Error over_budget(const router::Denial& denial) {
  const NanoUsd left = denial.limit - denial.posted - denial.held;
  std::string text = "budget `" + std::string(denial.scope) + "` has $";
  text += UsdText(left.v > 0 ? left : NanoUsd{}).view();
  text += " left of $";
  text += UsdText(denial.limit).view();
  text += "; this request could cost $";
  text += UsdText(denial.asked).view();
  text += " (spent $";
  text += UsdText(denial.posted).view();
  text += ", held $";
  text += UsdText(denial.held).view();
  text += ")";
  if (denial.needs_approval != 0)
    text += "; to pass " + std::to_string(denial.needs_approval) +
            "% of it an operator has to approve: `steelyard budget approve`";
  return Error(ErrorKind::over_budget, ErrorSource::gateway, Retry::never, std::move(text));
}

dialect::BudgetDetails details_of(const router::Denial& denial) {
  dialect::BudgetDetails details{
      denial.scope, window_word(denial.per), denial.limit, denial.posted, denial.held,
      std::nullopt, denial.needs_approval};
  if (denial.resets_at.ns != INT64_MAX) details.resets_at = denial.resets_at;
  return details;
}

Error chain_error(store::ChainStatus status) {
  const auto say = [](ErrorKind kind, const char* text) {
    return Error(kind, ErrorSource::gateway, Retry::never, text);
  };
  switch (status) {
    case store::ChainStatus::too_many:
      return say(ErrorKind::bad_request,
                 "the request counts against more budgets than one may: send fewer tags");
    case store::ChainStatus::names_full:
      return say(ErrorKind::over_budget, "a budget for each name has no room for a further one");
    case store::ChainStatus::complete:
    case store::ChainStatus::names_new:
    case store::ChainStatus::ledger_down: break;
  }
  return say(ErrorKind::storage, "the budget ledger cannot be written; nothing may be spent");
}

const store::Chain& Spending::chain() const {
  return chain_ ? *chain_ : session_.principal()->chain;
}

bool Spending::extend(std::string_view model) {
  const Principal& principal = *session_.principal();
  chain_ = principal.chain;
  Worker& worker = session_.worker();
  store::Spender spender{principal.user, model, receipt_.facts.tags};
  if (principal.user.empty() && principal.trust_user) spender.user = user_;
  const store::ChainStatus status =
      worker.seams().books.extend(*chain_, principal.conditions, spender, worker.now());
  if (status != store::ChainStatus::complete) error_ = chain_error(status);
  return status == store::ChainStatus::complete;
}

// After the money. All quotas or none.
bool Spending::hold_quotas(std::int64_t tokens) {
  if (quotas_ == nullptr) quotas_ = std::make_unique<QuotaHold>();
  Worker& worker = session_.worker();
  const QuotaAsk ask{most_, tokens, receipt_.tier};
  const auto attempt = static_cast<std::uint8_t>(attempt_ - 1);
  if (quotas_->hold(*session_.principal()->plan, receipt_.id, attempt, ask, worker.seams().books,
                    worker.seams().plans, worker.now(), worker.last_tick()))
    return true;
  release();
  error_ = quotas_->error();
  resets_at_ = quotas_->resets_at();
  return false;
}

bool Spending::hold(NanoUsd most, std::string_view model, std::int64_t tokens) {
  Worker& worker = session_.worker();
  denied_ = false;
  resets_at_ = std::nullopt;
  most_ = most;
  tokens_ = tokens;
  if (!session_.principal()->conditions.empty() && !extend(model)) return false;
  const router::AttemptKey key{receipt_.id, attempt_};
  const store::Reservation reserved =
      worker.seams().books.reserve(chain(), key, most, worker.now(), worker.last_tick());
  if (reserved.status == store::Admission::held) {
    ++attempt_;
    hold_ = reserved.hold;
    holding_ = true;
    receipt_.held = std::max(receipt_.held, most);
    return session_.principal()->plan == nullptr || hold_quotas(tokens);
  }
  if (reserved.status == store::Admission::denied) {
    error_ = over_budget(reserved.denial);
    details_ = details_of(reserved.denial);
    resets_at_ = details_.resets_at;
    denied_ = true;
  } else if (reserved.status == store::Admission::ledger_down) {
    error_ = Error(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                   "the budget ledger cannot be written; nothing may be spent");
  } else {
    error_ = Error(ErrorKind::overloaded, ErrorSource::gateway, Retry::never,
                   "too many requests are under way");
  }
  return false;
}

net::Task<bool> Spending::dispatch() {
  store::Books& books = session_.worker().seams().books;
  const store::Dispatched sent = books.dispatch(hold_);
  if (quotas_ != nullptr) quotas_->dispatch(books);
  bool good = sent.status == store::DispatchStatus::sent;
  const bool strict = session_.runtime().spec.ledger.durability == Durability::strict;
  if (good && strict && sent.seq != 0) {
    durable_.arm();
    const auto done = [](void* self) {  // on the sync thread
      auto& spending = *static_cast<Spending*>(self);
      spending.session_.worker().seams().post([&spending] { spending.durable_.complete({}); });
    };
    if (books.when_durable(sent.seq, done, this)) durable_.complete({});
    (void)co_await durable_;
    good = books.durable(sent.seq);
  }
  if (good) co_return true;
  error_ = Error(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                 "the budget ledger cannot be written; nothing may be spent");
  release();
  co_return false;
}

bool Spending::wants_room() const {
  return denied_ && session_.worker().seams().fleet != nullptr;
}

void Spending::settle(NanoUsd cost, router::UsageSource source) {
  if (!holding_) return;
  Worker& worker = session_.worker();
  const router::EndOutcome end = worker.seams().books.settle(hold_, cost, source, worker.now());
  holding_ = false;
  if (quotas_ != nullptr) settle_quotas(cost);
  receipt_.spend += cost;
  receipt_.overrun += end.overrun;
  if (!receipt_.attempts.empty()) {
    telemetry::ReceiptAttempt& line = receipt_.attempts.back();
    line.cost += cost;
    line.usage_source = source == router::UsageSource::provider ? telemetry::UsageSource::provider
                                                                : telemetry::UsageSource::estimated;
    receipt_.usage_source = line.usage_source;
  }
}

// Tokens as billed; where nobody said how many, the most there could be.
void Spending::settle_quotas(NanoUsd cost) {
  std::int64_t tokens = tokens_;
  if (!receipt_.attempts.empty()) {
    const telemetry::TokenUsage& usage = receipt_.attempts.back().usage;
    if (usage.prompt + usage.completion != 0) tokens = usage.prompt + usage.completion;
  }
  Worker& worker = session_.worker();
  quotas_->settle(worker.seams().books, cost, tokens, worker.now());
}

void Spending::settle_whole() {
  settle(most_, router::UsageSource::estimated);
}

void Spending::release() {
  if (!holding_) return;
  Worker& worker = session_.worker();
  worker.seams().books.release(hold_, worker.now());
  if (quotas_ != nullptr) quotas_->release(worker.seams().books, worker.now());
  holding_ = false;
}

}  // namespace steelyard
