// Answers that are errors: what they mean, whether another try helps, what the client is shown.
#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/chat_call.h"
#include "gateway/dialect/converse_errors.h"
#include "gateway/dialect/gemini_errors.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/failure_of.h"
#include "gateway/key_rest.h"
#include "gateway/paired_heads.h"
#include "gateway/quoted_key.h"
#include "gateway/rate_headers.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr std::size_t error_body_bytes_max = 64u << 10;

}  // namespace

void ChatCall::keep_fault_headers(const net::ResponseHead& head) {
  fault_headers_ = retry_lines(head, worker_.now());
  if (head.fields.has(net::ResponseField::x_request_id))
    append_pair(fault_headers_, "x-request-id", head.value(net::ResponseField::x_request_id));
  if (provider_of(planned_->target).wire == wire())
    append_answer_pairs(fault_headers_, wire(), head);
}

// Of an answer or a stream that began well.
void ChatCall::keep_fault_inside(const dialect::UpstreamFault& fault) {
  has_error_ = false;
  fault_ = fault;
  strike_keys(fault_.message, provider_of(planned_->target).auth_heads);
  fault_status_ = 200;
  fault_body_.clear();
}

// Gemini says how long to wait in the body; clients of other dialects look for a header.
std::int64_t ChatCall::hint_in_body() {
  const std::int64_t asked = dialect::gemini::retry_delay_ms(fault_body_);
  if (asked < 0) return -1;
  fault_headers_ += "retry-after: " + std::to_string((asked + 999) / 1000) + "\r\n";
  return std::min(asked, hint_ms_max);
}

// The key that was used has nothing left: the others carry on.
void ChatCall::heed_rate(const net::ResponseHead& head) {
  const auto provider =
      static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider);
  const std::int64_t ms = rest_said(head, runtime_.providers[provider].rate_headers, worker_.now());
  if (ms > 0) serving_.keys[provider].rest(key_used_, worker_.tick_now().plus_ms(ms));
}

// The key rests, and the request goes on with one that does not. False: there is none, or it was
// not about the key.
bool ChatCall::other_key_left(dialect::FaultClass cls, std::int64_t hint) {
  const auto provider =
      static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider);
  const bool left = rest_key(serving_, provider, key_used_, cls, hint, worker_.tick_now());
  // What one account signed is of no use to another; a refused key can no longer be waited for.
  own_key_waits_ = left && cls == dialect::FaultClass::rate_limited &&
                   (decision_.chat.has_reasoning_state || decision_.kept_by >= 0) &&
                   own_key().has_value();
  other_key_ = left && !own_key_waits_ && receipt_.attempts.size() < limits::attempts_max;
  return other_key_ || own_key_waits_;
}

net::Task<ChatCall::AttemptEnd> ChatCall::provider_error(net::ResponseHead& head) {
  const int status = head.status;
  std::int64_t hint = hint_ms(head, worker_.now());
  keep_fault_headers(head);
  const std::string_view type = head.value(net::ResponseField::content_type);
  fault_type_ = type.empty() ? std::string_view("application/json") : type;
  const net::IoResult got = co_await collect(head, error_body_bytes_max);
  if (session_.client_gone() || must_end_) co_return transport_failed(got, true);
  fault_body_.clear();
  if (got.ok()) fault_body_ = collected();
  fault_ = dialect::openai::parse_error(status, fault_body_);
  if (!dialect::openai::forwards_body(fault_.cls))
    strike_keys(fault_.message, provider_of(planned_->target).auth_heads);
  if (provider_of(planned_->target).platform == Platform::bedrock)
    dialect::converse::name_fault(fault_, status, head.fields.find("x-amzn-errortype"));
  fault_status_ = status;
  fault_wire_ = error_wire(provider_of(planned_->target), fault_body_);
  if (hint < 0 && fault_wire_ == dialect::hub::Wire::gemini) hint = hint_in_body();
  if (got.ok() && reusable_) keep_upstream();
  // An error status without an answer is not billed (research/reliability 2.2); a provider that
  // gave up after working on it for long may be, and so may one behind a proxy that gave up (504).
  if (fault_.cls == dialect::FaultClass::timeout || status == 504) {
    settle_unknown();
  } else {
    release();
  }
  const Tick until = hint < 0 ? Tick{} : worker_.tick_now().plus_ms(hint);
  const router::FailureClass failure = failure_of(fault_.cls);
  if (renewed_credentials(status)) other_key_ = true;
  if (refuses_state()) other_key_ = true;
  if (other_key_ || other_key_left(fault_.cls, hint)) {
    end_line(status);
    line_->failed = true;
    line_->error = ErrorKind::upstream_status;
    serving_.health.on_abandoned(planned_->target);
    if (!std::exchange(own_key_waits_, false)) co_return AttemptEnd::try_next;
    retry_same_ = hint >= 0 && hint <= runtime_.spec.retry.retry_after_max_ms;
    if (retry_same_) pause_ms_ = hint;
    co_return retry_same_ ? AttemptEnd::try_next : AttemptEnd::give_up;
  }
  failed(failure, ErrorKind::upstream_status, status, until);
  const router::FailureRule rule = router::rule_of(failure);
  const bool worth_waiting =
      std::max<std::int64_t>(hint, 0) <= runtime_.spec.retry.retry_after_max_ms;
  retry_same_ = rule.retry_same && worth_waiting;
  if (retry_same_) pause_ms_ = std::max<std::int64_t>(hint, 0);
  co_return rule.fallback || rule.retry_same ? AttemptEnd::try_next : AttemptEnd::give_up;
}

}  // namespace steelyard
