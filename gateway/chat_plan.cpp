// A chat request of a team with a plan: what its quotas count of it is held beside the money.
#include <algorithm>

#include "gateway/chat_call.h"
#include "gateway/quota_hold.h"
#include "gateway/runtime.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

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

// After the money is held. All quotas or none: false, and error_ says which is used up.
bool ChatCall::hold_quotas() {
  if (quotas_ == nullptr) quotas_ = std::make_unique<QuotaHold>();
  const QuotaAsk ask{planned_->worst_case, tokens_at_most(), receipt_.tier};
  const auto attempt = static_cast<std::uint8_t>(sent_count_ - 1);
  if (quotas_->hold(*session_.principal()->plan, receipt_.id, attempt, ask, worker_.seams().books,
                    worker_.seams().plans, decision_.at, attempt_started_))
    return true;
  release();
  error_ = quotas_->error();
  has_error_ = true;
  budget_details_ = {};
  budget_details_.resets_at = quotas_->resets_at();
  extras_.budget = nullptr;
  return false;
}

std::int64_t ChatCall::tokens_at_most() const {
  return planned_->input_tokens_upper +
         planned_->output_tokens_max * std::max(decision_.chat.choices, 1);
}

}  // namespace steelyard
