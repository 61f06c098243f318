// What an attempt may cost, held in every budget that counts it; or why not.
#include <algorithm>

#include "gateway/chat_call.h"
#include "gateway/room_wait.h"
#include "gateway/runtime.h"
#include "gateway/spending.h"
#include "gateway/worker.h"

namespace steelyard {
// Reserves the worst case in every budget of the key, or explains which one has no room.
bool ChatCall::hold() {
  budgets_are_final_ = false;
  if (!session_.principal()->conditions.empty() && !complete_chain()) return false;
  const router::AttemptKey key{receipt_.id, sent_count_};
  store::Books& books = worker_.seams().books;
  store::Reservation reserved =
      books.reserve(*chain_, key, planned_->worst_case, decision_.at, attempt_started_);
  const bool lower = decision_.verdict.lower_output && !cheaper_left();
  if (reserved.status == store::Admission::denied && lower && lower_output(reserved.denial))
    reserved = books.reserve(*chain_, key, planned_->worst_case, decision_.at, attempt_started_);
  if (reserved.status == store::Admission::held) {
    ++sent_count_;
    hold_ = reserved.hold;
    held_amount_ = planned_->worst_case;
    holding_ = true;
    return session_.principal()->plan == nullptr || hold_quotas();
  }
  if (reserved.status == store::Admission::denied) {
    const router::Denial& denial = reserved.denial;
    room_wanted_ = worker_.seams().fleet != nullptr;
    budget_details_ = details_of(denial);
    extras_.budget = &budget_details_;
    if (denial.needs_approval != 0) extras_.code = "approval_required";
    error_ = over_budget(denial);
    has_error_ = true;
  } else if (reserved.status == store::Admission::ledger_down) {
    give_error(ErrorKind::storage, ErrorSource::gateway,
               "the budget ledger cannot be written; nothing may be spent");
  } else {
    give_error(ErrorKind::overloaded, ErrorSource::gateway, "too many requests are under way");
  }
  return false;
}

// The attempt again, as long as others of the fleet may give room for it.
net::Task<ChatCall::AttemptEnd> ChatCall::begin_with_room(const router::PlannedAttempt& planned) {
  RoomWait wait(worker_);
  AttemptEnd end = AttemptEnd::give_up;
  while (std::exchange(room_wanted_, false)) {
    const bool more = co_await wait.more(*chain_, planned_->worst_case);
    if (!more && wait.unreachable()) {
      extras_.budget = nullptr;
      error_ = RoomWait::unreachable_error();
      co_return AttemptEnd::give_up;
    }
    end = begin_attempt(planned);  // a refusal tells how the fleet stands now
    if (!more) room_wanted_ = false;
  }
  co_return end;
}

// Is there an attempt left that may fit where this one did not?
bool ChatCall::cheaper_left() const {
  for (std::size_t i = next_; i < attempt_count_; ++i)
    if (attempts_[i].worst_case < planned_->worst_case) return true;
  return false;
}

}  // namespace steelyard
