// Conversations with signed or encrypted parts: which key they go on with, and what of them is not
// for the one that an attempt goes to.
#include <algorithm>
#include <vector>

#include "gateway/chat_call.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/state_home.h"
#include "gateway/state_memory.h"
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
  if (!home.sure) home = {planned_->target, StateMakers::nobody, true};
  if (home.target == planned_->target && home.maker == StateMakers::nobody)
    home.maker = runtime_.makers.maker(planned_->target, key_used_);
}

// Does the history go to others than those it belongs to?
bool ChatCall::leaves_home() const {
  const StateHome& home = decision_.home;
  if (home.maker == StateMakers::nobody) return home.target != planned_->target;
  return !runtime_.makers.same(home.maker, runtime_.makers.maker(planned_->target, key_used_));
}

// What in the history was signed by others than the one that this attempt goes to. Where nobody is
// known to have signed, it stays as long as the conversation does.
dialect::ForeignState ChatCall::foreign_state() const {
  dialect::ForeignState foreign;
  if (!decision_.chat.has_reasoning_state) [[likely]]
    return foreign;
  foreign.rest = state_refused_ || leaves_home();
  if (state_refused_) return foreign;
  const StateMakers& makers = runtime_.makers;
  const std::int32_t maker = makers.maker(planned_->target, key_used_);
  for (const SignedPart& part : decision_.signed_parts) {
    const bool same = part.maker != StateMakers::nobody && makers.same(part.maker, maker);
    if (part.known == SignedPart::Known::maker)
      (same ? foreign.own : foreign.others).push_back(part.hash);
    else if (part.known == SignedPart::Known::refused && same)
      foreign.others.push_back(part.hash);
  }
  std::sort(foreign.own.begin(), foreign.own.end());
  std::sort(foreign.others.begin(), foreign.others.end());
  return foreign;
}

// For when the client sends it back. Before the client has it.
void ChatCall::remember_states(std::vector<std::uint64_t>& states) {
  if (states.empty()) [[likely]]
    return;
  StateMemory* const memory = worker_.seams().states;
  if (memory != nullptr) {
    const std::uint64_t maker = id_of(runtime_, runtime_.makers.maker(planned_->target, key_used_));
    for (const std::uint64_t state : states) memory->remember(state, maker, worker_.now());
  }
  states.clear();
}

// Did the provider refuse what somebody signed? Then it was not the maker: of what nobody is known
// to have signed, or else of all, whatever is known here. The next attempt goes without.
bool ChatCall::refuses_state() {
  const bool asked = fault_status_ == 400 && decision_.chat.has_reasoning_state;
  if (!asked || state_refused_ || receipt_.attempts.size() == limits::attempts_max) return false;
  if (!dialect::is_about_state(fault_)) return false;
  state_refused_ = !mark_refused(false) && !mark_refused(true);
  return true;
}

// `known`: what it is known to have made, else what nobody is known to. False: there was none.
bool ChatCall::mark_refused(bool known) {
  const StateMakers& makers = runtime_.makers;
  const std::int32_t refuser = makers.maker(planned_->target, key_used_);
  StateMemory* const memory = worker_.seams().states;
  bool any = false;
  for (SignedPart& part : decision_.signed_parts) {
    const bool made = part.known == SignedPart::Known::maker;
    const bool same = part.maker != StateMakers::nobody && makers.same(part.maker, refuser);
    // What was not in the request cannot have been refused.
    if (made != known || (made ? !same : part.known == SignedPart::Known::refused && same))
      continue;
    part = {part.hash, refuser, SignedPart::Known::refused};
    if (memory != nullptr)
      memory->remember(part.hash, refuser_id_of(runtime_, refuser), worker_.now());
    any = true;
  }
  return any;
}

}  // namespace steelyard
