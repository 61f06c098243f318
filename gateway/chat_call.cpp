#include "gateway/chat_call.h"

#include <algorithm>
#include <charconv>

#include "gateway/dialect/hub_errors.h"
#include "gateway/error_reply.h"
#include "gateway/hints.h"
#include "gateway/receipts.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

// x-steelyard-deadline-ms: how long the client is willing to wait in all. 0: not said, or nonsense.
std::int64_t client_deadline_ms(const net::RequestHead& head) {
  const std::string_view text = head.value(net::RequestField::steelyard_deadline_ms);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && value > 0 ? value : 0;
}

// W3C trace context: "00-" and 32 hexadecimal digits. Anything else is no trace.
void read_trace_id(std::string_view traceparent, telemetry::Receipt& receipt) {
  if (traceparent.size() < 35 || !traceparent.starts_with("00-")) return;
  std::uint64_t halves[2] = {0, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    const char* first = traceparent.data() + 3 + 16 * i;
    const auto read = std::from_chars(first, first + 16, halves[i], 16);
    if (read.ec != std::errc() || read.ptr != first + 16) return;
  }
  receipt.trace_hi = halves[0];
  receipt.trace_lo = halves[1];
}

}  // namespace

net::Task<void> serve_chat(Session& session) {
  ChatCall call(session);
  if (call.begin()) co_await call.forward();
  if (!call.end()) co_await call.answer_error();
  call.finish();
}

bool ChatCall::begin() {
  session_.listen_for_departure(this);
  return prepare();
}

bool ChatCall::end() {
  if (holding_) settle_unknown();
  drop_upstream();
  return answered_ || session_.client_gone();
}

// Everything up to the plan: no I/O. False: error_ says why not.
bool ChatCall::prepare() {
  receipt_.id = session_.new_request_id();
  receipt_.start = session_.started_at();
  receipt_.call = call_of(session_.route());
  receipt_.client_dialect = dialect_of(wire());
  receipt_.config_digest = runtime_.spec.digest;
  receipt_.generation = runtime_.generation;
  receipt_.price_version = runtime_.spec.catalog_as_of;
  read_trace_id(session_.head().value(net::RequestField::traceparent), receipt_);
  const TimeoutSpec& timeouts = runtime_.spec.timeouts;
  const std::int64_t asked = client_deadline_ms(session_.head());
  total_due_ =
      session_.started().plus_ms(asked == 0 ? timeouts.total : std::min(asked, timeouts.total));

  const Result<void> decided = decide(worker_, serving_, *session_.principal(), session_.body(),
                                      hints(), policies::Trace::no, decision_);
  receipt_.facts = decision_.facts;
  receipt_.durations.auth = session_.auth_ns();
  receipt_.durations.parse = decision_.parse_ns;
  receipt_.durations.count = decision_.count_ns;
  receipt_.durations.count_early = session_.counted_early_ns();
  receipt_.durations.decide = decision_.decide_ns;
  receipt_.policy = decision_.verdict.policy;
  receipt_.estimate.input_tokens = decision_.tokens.tokens;
  receipt_.estimate.input_tokens_upper = decision_.tokens.upper;
  receipt_.estimate.quality = router::name_of(decision_.tokens.quality);
  if (!decided) {
    error_ = decided.error();
    has_error_ = true;
    const Tick back = worker_.tools().plan.retry_at;  // of a target that is left alone, or broken
    if (error_.kind == ErrorKind::overloaded && back.ns != INT64_MAX)
      cold_->rests_ms = std::max<std::int64_t>((back - worker_.last_tick()) / 1'000'000, 1);
    return false;
  }
  take_plan();
  return session_.principal()->rates.empty() || take_rate();
}

RequestHints ChatCall::hints() const {
  return hints_of(session_);
}

// False: error_ says whose limit of requests or tokens has no room.
bool ChatCall::take_rate() {
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < attempt_count_; ++i)
    tokens =
        std::max(tokens, attempts_[i].input_tokens_upper +
                             attempts_[i].output_tokens_max * std::max(decision_.chat.choices, 1));
  rated_.emplace();
  if (rated_->take(session_, tokens)) return true;
  error_ = rated_->refusal();
  has_error_ = true;
  return false;
}

void ChatCall::take_plan() {
  const router::Plan& plan = worker_.tools().plan;
  attempt_count_ = plan.attempt_count;
  std::copy_n(plan.attempts.begin(), plan.attempt_count, attempts_.begin());
  escalation_ = plan.escalation;
  baseline_model_ = plan.baseline_model;
  if (plan.effective_tier != policies::no_tier)
    receipt_.tier = runtime_.rules.tiers()[static_cast<std::size_t>(plan.effective_tier)];
  rule_ = rule_index();
  if (rule_ < runtime_.policy_labels.size()) receipt_.policy_id = runtime_.policy_labels[rule_];
  note_estimate(plan.attempts[0]);
  for (const router::PlannedAttempt& attempt : plan.tries())
    receipt_.candidates.add({runtime_.catalog.model(attempt.model).name,
                             provider_of(attempt.target).name,
                             attempt.expected,
                             {}});
}

// Of the attempt that is made: another model counts in other tokens.
void ChatCall::note_estimate(const router::PlannedAttempt& planned) {
  telemetry::ReceiptEstimate& estimate = receipt_.estimate;
  estimate.input_tokens = planned.input_tokens;
  estimate.input_tokens_upper = planned.input_tokens_upper;
  estimate.quality = router::name_of(quality_at(planned.model));
  estimate.output_tokens_expected = planned.output_expected;
  estimate.output_tokens_max = planned.output_tokens_max;
}

router::CountQuality ChatCall::quality_at(std::int32_t model) const {
  router::Framing framing = runtime_.catalog.model(model).framing;
  framing.exact_text |= decision_.own_text.test(static_cast<std::size_t>(model));
  const router::CountQuality shipped =
      router::quality_of(framing, decision_.features, decision_.has_media);
  const bool learned =
      serving_.calibrated[static_cast<std::size_t>(model)] != 0 || decision_.continues;
  return learned ? router::CountQuality::calibrated : shipped;
}

std::size_t ChatCall::rule_index() const {
  const std::vector<policies::Rule>& rules = runtime_.rules.rules();
  std::size_t i = 0;
  while (i < rules.size() && rules[i].route != decision_.verdict.route) ++i;
  return i;
}

const ProviderRuntime& ChatCall::provider_of(std::int32_t target) const {
  return runtime_.providers[static_cast<std::size_t>(runtime_.catalog.target(target).provider)];
}

bool ChatCall::may_continue() const {
  return !session_.client_gone() && !must_end_ && worker_.last_tick() < total_due_;
}

// The next of the plan; when it is used up, the last one again if its failure allows that.
const router::PlannedAttempt* ChatCall::next_attempt() {
  if (std::exchange(other_key_, false)) {
    pause_ms_ = 0;
    return planned_;
  }
  if (next_ < attempt_count_) {
    pause_ms_ = 0;
    router::PlannedAttempt& next = attempts_[next_++];
    if (next_ > 1 || escalated_)
      next = recounted(worker_, serving_, *session_.principal(), hints(), decision_, next);
    return &next;
  }
  const auto budget = static_cast<std::uint8_t>(runtime_.spec.retry.attempts);
  if (!retry_same_ || sent_count_ >= budget || next_ == 0) return nullptr;
  pause_ms_ = std::max<std::int64_t>(pause_ms_, 50 << std::min<int>(sent_count_, 4));
  return &attempts_[next_ - 1];
}

net::Task<void> ChatCall::forward() {
  while (may_continue()) {
    const router::PlannedAttempt* planned = next_attempt();
    if (planned == nullptr) break;
    if (pause_ms_ != 0) {
      const bool rested = co_await pause();
      if (!rested) break;
    }
    retry_same_ = false;
    AttemptEnd end = begin_attempt(*planned);
    if (end != AttemptEnd::going_on && room_wanted_) end = co_await begin_with_room(*planned);
    if (end == AttemptEnd::going_on) end = co_await exchange();
    if (end == AttemptEnd::stream) end = co_await relay();
    drop_upstream();
    if (end == AttemptEnd::answered || end == AttemptEnd::give_up) break;
    if (end == AttemptEnd::escalate) {
      attempts_[0] = escalation_;
      attempt_count_ = 1;
      next_ = 0;
      escalated_ = receipt_.escalated = true;
    }
  }
}

// Waits pause_ms_. False: the request is over for another reason.
net::Task<bool> ChatCall::pause() {
  cold_->pause.arm();
  pausing_ = true;
  arm(std::exchange(pause_ms_, 0));
  (void)co_await cold_->pause;
  pausing_ = false;
  deadline_.clear();
  co_return may_continue();
}

void ChatCall::arm(std::int64_t from_now_ms) {
  const Tick due = worker_.last_tick().plus_ms(from_now_ms);
  worker_.set_deadline_at(deadline_, std::min(due, total_due_));
}

void ChatCall::on_deadline(void* self) {
  auto& call = *static_cast<ChatCall*>(self);
  if (call.idle_due_.ns != 0 && call.goes_on_waiting()) return;
  call.interrupt(net::IoError::timed_out);
}

// Ends whatever is awaited.
void ChatCall::interrupt(net::IoError why) {
  if (pausing_ && cold_->pause.pending()) return cold_->pause.complete({0, why});
  if (upstream_ && upstream_->pipe) upstream_->pipe->close(why);
}

void ChatCall::client_left() {
  wake();
  receipt_.client_abort =
      committed_ ? telemetry::ClientAbort::mid_stream : telemetry::ClientAbort::before_first_byte;
  client_left_ = true;
  interrupt(net::IoError::cancelled);
}

void ChatCall::must_end() {
  must_end_ = true;
  interrupt(net::IoError::cancelled);
}

void ChatCall::give_error(ErrorKind kind, ErrorSource source, std::string text) {
  error_ = Error(kind, source, Retry::never, std::move(text));
  has_error_ = true;
}

// Why nobody else could be asked counts for less than how it went with who was asked last.
void ChatCall::prefer_asked() {
  std::unique_ptr<Error>& ours = cold_->asked_error;
  if (dispatched_ || (!fault_ && ours == nullptr)) return;
  has_error_ = !fault_;
  if (!fault_) error_ = std::move(*ours);
  extras_ = {};
  cold_->rests_ms = 0;
}

// What the client is told.
void ChatCall::choose_error() {
  prefer_asked();
  if (!has_error_ && fault_) {
    error_ = dialect::to_error(fault_, fault_status_);
  } else if (!has_error_ && must_end_) {
    give_error(ErrorKind::overloaded, ErrorSource::gateway, "the gateway is shutting down");
  } else if (!has_error_) {
    give_error(ErrorKind::upstream_timeout, ErrorSource::upstream,
               "no provider answered within the deadline");
  }
  receipt_.failed = true;
  receipt_.error = error_.kind;
  receipt_.error_text = error_.context;
}

// What the client gets when nobody answered.
net::Task<void> ChatCall::answer_error() {
  answered_ = true;
  budgets_are_final_ = false;
  choose_error();
  head_text_.clear();
  append_error_headers();
  const bool theirs = !has_error_ && dialect::openai::forwards_body(fault_.cls);
  if (theirs && !fault_body_.empty()) {
    int status = dialect::openai::client_status(fault_.cls, fault_status_);
    if (fault_wire_ != wire() || !dialect::hub::holds_error_object(fault_body_)) {
      status = dialect::hub::fault_status(wire(), fault_, fault_status_);
      fault_body_.clear();
      dialect::hub::write_fault(fault_body_, wire(), fault_, fault_status_, {});
      fault_type_ = "application/json";
    }
    receipt_.http_status = static_cast<std::uint16_t>(status);
    head_text_ += fault_headers_;
    (void)co_await session_.reply(static_cast<unsigned>(status), fault_type_, fault_body_,
                                  head_text_);
    co_return;
  }
  char id[telemetry::request_id_bytes];
  telemetry::write_request_id(id, receipt_.id);
  extras_.request_id = std::string_view(id, sizeof id);
  extras_.refusal_status = runtime_.spec.ledger.refusal_status;
  const auto reply = dialect::hub::reply_for(wire(), error_.kind, extras_.refusal_status);
  receipt_.http_status = static_cast<std::uint16_t>(reply.status);
  (void)co_await reply_error(session_, error_, extras_, head_text_);
}

void ChatCall::append_error_headers() {
  char id[telemetry::request_id_bytes];
  telemetry::write_request_id(id, receipt_.id);
  head_text_ += "x-steelyard-request-id: ";
  head_text_.append(id, sizeof id);
  head_text_ += "\r\nx-steelyard-attempts: ";
  head_text_ += std::to_string(receipt_.attempts.size());
  head_text_ += "\r\n";
  if (rated_) [[unlikely]] {
    std::array<char, 1024> room;
    net::HeadWriter lines(room);
    rated_->append(lines, session_, decision_.at);
    head_text_ += lines.view();
  }
  if (has_error_ && cold_->rests_ms > 0)
    head_text_ += "retry-after: " + std::to_string((cold_->rests_ms + 999) / 1000) + "\r\n";
  if (error_.kind == ErrorKind::over_budget && budget_details_.resets_at) {
    const std::int64_t left = budget_details_.resets_at->seconds() - decision_.at.seconds();
    head_text_ += "retry-after: " + std::to_string(std::max<std::int64_t>(left, 1)) + "\r\n";
  }
}

void ChatCall::finish() {
  if (rated_) rated_->settle(session_, receipt_);
  session_.note_end(receipt_.spend, answered_ && !receipt_.failed && !client_left_);
  const Tick now = worker_.tick_now();
  receipt_.durations.total = now - session_.started();
  receipt_.durations.overhead = std::max<std::int64_t>(receipt_.durations.total - waited_ns_, 0);
  receipt_.retries = receipt_.attempts.empty()
                         ? std::uint16_t{0}
                         : static_cast<std::uint16_t>(receipt_.attempts.size() - 1);
  if (session_.client_gone() && !answered_) {
    receipt_.failed = true;
    receipt_.error = ErrorKind::client_gone;
    receipt_.error_text = "the client closed the connection";
  }
  if (!chain_->empty()) {
    store::ChainView& budgets = worker_.tools().budgets;
    if (!budgets_are_final_) budgets = worker_.seams().books.view(*chain_, worker_.now());
    receipt_.budgets = {budgets.accounts.data(), budgets.count};
  }
  record(worker_, receipt_);
}

}  // namespace steelyard
