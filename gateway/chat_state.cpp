// Conversations with signed or encrypted parts: which key they go on with, and what of them is not
// for the one that an attempt goes to.
#include <algorithm>
#include <limits>

#include "gateway/chat_call.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"

namespace steelyard {

// The key of the attempt. False: it is to be waited for; error_ says so.
bool ChatCall::choose_key() {
  KeyRing& keys =
      serving_.keys[static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider)];
  const Tick now = worker_.last_tick();
  const bool bound = decision_.chat.has_reasoning_state || decision_.kept_by >= 0;
  if (bound && keys.size() > 1) [[unlikely]] {
    if (const std::optional<std::size_t> own = own_key()) {
      key_used_ = *own;
      if (!keys.rests(*own, now)) return true;
      if (!keys.refused(*own, now)) return wait_for_key(keys.rests_until(*own) - now);
    }
  }
  key_used_ = keys.size() > 1 && decision_.session_key != 0 ? keys.of(decision_.session_key, now)
                                                            : keys.next(now);
  return true;
}

// The key that the conversation is bound to at this attempt's provider; none: any will do.
std::optional<std::size_t> ChatCall::own_key() const {
  const StateMakers& makers = runtime_.makers;
  const bool kept = decision_.kept_by >= 0 && decision_.kept_at == planned_->target;
  const std::int32_t maker = kept ? decision_.kept_by : decision_.home.maker;
  if (maker == StateMakers::nobody || makers.target_of(maker) != planned_->target) return {};
  const std::int32_t first = makers.maker(planned_->target, 0);
  const std::size_t own = makers.key_number(maker);
  // Keys of one account stand in for each other.
  const std::int32_t other = own == 0 ? first + 1 : first;
  if (makers.same(maker, other)) return {};
  return own;
}

// Its account asked to be left alone: the others' could do nothing with what it signed.
bool ChatCall::wait_for_key(std::int64_t ns) {
  const std::int64_t ms = (ns + 999'999) / 1'000'000;
  give_error(ErrorKind::rate_limited, ErrorSource::upstream,
             "this conversation goes on from what one account of provider `" +
                 provider_of(planned_->target).name +
                 "` signed or keeps, and that account asks to wait");
  cold_->rests_ms = ms;
  retry_same_ = ms <= runtime_.spec.retry.retry_after_max_ms;
  pause_ms_ = retry_same_ ? ms : 0;
  return false;
}

// Where the history's state belongs, once a first attempt is made that nobody knew better for.
void ChatCall::settle_home() {
  StateHome& home = decision_.home;
  if (home.target == router::no_target) home.target = planned_->target;
  if (home.target == planned_->target && home.maker == StateMakers::nobody)
    home.maker = runtime_.makers.maker(planned_->target, key_used_);
}

// Does the history go to others than those it belongs to, or did they refuse it?
bool ChatCall::leaves_home() const {
  const StateHome& home = decision_.home;
  if (state_refused_) return true;
  if (home.maker == StateMakers::nobody) return home.target != planned_->target;
  return !runtime_.makers.same(home.maker, runtime_.makers.maker(planned_->target, key_used_));
}

// What stands in the client's body before this was signed by others.
std::size_t ChatCall::foreign_end() const {
  if (!decision_.chat.has_reasoning_state) return 0;
  return leaves_home() ? std::numeric_limits<std::size_t>::max() : decision_.home.foreign_end;
}

// Did the provider refuse what somebody signed? Then it was not the maker, whatever is known here.
bool ChatCall::refuses_state() const {
  const bool asked = fault_status_ == 400 && decision_.chat.has_reasoning_state;
  if (!asked || state_refused_ || receipt_.attempts.size() == limits::attempts_max) return false;
  return dialect::is_about_state(fault_);
}

}  // namespace steelyard
