// One request to one provider: hold, connect, write, wait for the head of the answer.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "gateway/chat_call.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr int interim_heads_max = 5;

// What is left of a gathered write.
class Unwritten {
 public:
  void add(std::string_view part) {
    if (!part.empty()) parts_[count_++] = net::ConstBytes(part);
  }
  std::span<const net::ConstBytes> parts() const {
    return {parts_.data() + first_, count_ - first_};
  }
  bool empty() const { return first_ == count_; }
  void taken(std::size_t bytes) {
    while (bytes != 0) {
      net::ConstBytes& part = parts_[first_];
      const std::size_t step = std::min(bytes, part.size);
      part = net::ConstBytes(static_cast<const char*>(part.data) + step, part.size - step);
      bytes -= step;
      if (part.size == 0) ++first_;
    }
  }

 private:
  std::array<net::ConstBytes, dialect::SplicedBody::parts_max + 2> parts_;
  std::size_t first_ = 0, count_ = 0;
};

Error over_budget(const router::Denial& denial) {
  const NanoUsd left = denial.limit - denial.posted - denial.held;
  std::string text = "budget `" + std::string(denial.scope) + "` has $";
  text += UsdText(left.v > 0 ? left : NanoUsd{}).view();
  text += " left of $";
  text += UsdText(denial.limit).view();
  text += "; this request could cost $";
  text += UsdText(denial.asked).view();
  return Error(ErrorKind::over_budget, ErrorSource::gateway, Retry::never, std::move(text));
}

std::string_view per_name(WindowKind per) {
  switch (per) {
    case WindowKind::day: return "day";
    case WindowKind::month: return "month";
    case WindowKind::lifetime: return "lifetime";
  }
  return "";
}

}  // namespace

net::Task<ChatCall::AttemptEnd> ChatCall::attempt(const router::PlannedAttempt& planned) {
  const AttemptEnd begun = begin_attempt(planned);
  if (begun != AttemptEnd::going_on) co_return begun;
  co_return co_await exchange();
}

ChatCall::AttemptEnd ChatCall::begin_attempt(const router::PlannedAttempt& planned) {
  planned_ = &planned;
  has_error_ = false;
  fault_ = {};
  dispatched_ = false;
  bad_answer_ = nullptr;
  first_byte_at_ = {};
  attempt_started_ = worker_.last_tick();
  if (receipt_.attempts.size() == limits::attempts_max) return AttemptEnd::give_up;
  if (!serving_.health.on_dispatch(planned.target, attempt_started_, planned.forced)) {
    give_error(ErrorKind::overloaded, ErrorSource::gateway,
               "the provider recovers from failures; try again shortly");
    return AttemptEnd::try_next;
  }
  if (!hold()) {
    serving_.health.on_abandoned(planned.target);
    return cheaper_left() ? AttemptEnd::try_next : AttemptEnd::give_up;
  }
  const ProviderRuntime& provider = provider_of(planned.target);
  line_ = receipt_.attempts.add();
  line_->provider = provider.name;
  line_->provider_id = provider.label;
  line_->model = runtime_.catalog.model(planned.model).name;
  line_->target = runtime_.target_labels[static_cast<std::size_t>(planned.target)];
  line_->expected = planned.expected;
  line_->held = planned.worst_case;
  receipt_.held = std::max(receipt_.held, planned.worst_case);
  receipt_.upstream_dialect = telemetry::WireDialect::openai;
  if (!build_body()) {
    serving_.health.on_abandoned(planned.target);
    release();
    return AttemptEnd::give_up;
  }
  return AttemptEnd::going_on;
}

// Reserves the worst case in every budget of the key, or explains which one has no room.
bool ChatCall::hold() {
  const router::AttemptKey key{receipt_.id, sent_count_};
  const store::Reservation reserved = worker_.seams().books.reserve(
      session_.principal()->chain, key, planned_->worst_case, decision_.at, attempt_started_);
  if (reserved.status == store::Admission::held) {
    ++sent_count_;
    hold_ = reserved.hold;
    holding_ = true;
    return true;
  }
  if (reserved.status == store::Admission::denied) {
    const router::Denial& denial = reserved.denial;
    budget_details_ = {denial.scope,  per_name(denial.per), denial.limit,
                       denial.posted, denial.held,          std::nullopt};
    if (denial.resets_at.ns != INT64_MAX) budget_details_.resets_at = denial.resets_at;
    extras_.budget = &budget_details_;
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

// Is there an attempt left that may fit where this one did not?
bool ChatCall::cheaper_left() const {
  for (std::size_t i = next_; i < attempt_count_; ++i)
    if (attempts_[i].worst_case < planned_->worst_case) return true;
  return false;
}

bool ChatCall::build_body() {
  const router::Target& target = runtime_.catalog.target(planned_->target);
  const ProviderRuntime& provider = provider_of(planned_->target);
  dialect::BodyEdits edits;
  if (target.upstream_name != decision_.chat.model) edits.model = target.upstream_name;
  edits.include_usage = decision_.chat.stream && provider.quirks.include_usage;
  // Without a budget or a cap the client's own limits (or none) are nobody's business.
  const bool bounded = !session_.principal()->chain.empty() ||
                       decision_.verdict.output_tokens_max != 0 || planned_->clamped;
  if (bounded) edits.output_tokens_max = planned_->output_tokens_max;
  edits.limit_key = provider.quirks.max_completion_tokens ? dialect::LimitKey::max_completion_tokens
                                                          : dialect::LimitKey::as_client;
  const Result<void> built = body_.build(decision_.chat, edits);
  if (!built) {
    error_ = built.error();
    has_error_ = true;
  }
  return built.has_value();
}

net::Task<ChatCall::AttemptEnd> ChatCall::exchange() {
  net::ResponseHead head;
  for (bool fresh = false;; fresh = true) {
    const net::IoResult connected = co_await connect(fresh);
    if (!connected.ok()) co_return transport_failed(connected, false);
    if (!dispatched_) {
      if (!dispatch()) co_return AttemptEnd::give_up;
      const bool durable = co_await until_durable();
      if (!durable) co_return AttemptEnd::give_up;
    }
    const net::IoResult sent = co_await send_request();
    net::IoResult got = sent;
    if (sent.ok()) got = co_await read_head(head);
    if (got.ok()) break;
    // A kept-alive connection that the provider had closed already: nothing was processed.
    const bool peer_closed = got.error == net::IoError::closed || got.error == net::IoError::reset;
    const bool stale = upstream_->reused && !fresh && peer_closed && bad_answer_ == nullptr &&
                       upstream_->buffer.size() == 0;
    if (!stale) co_return transport_failed(got, sent.ok());
    drop_upstream();
  }
  line_->status = head.status;
  if (head.status < 200 || head.status > 299) co_return co_await provider_error(head);
  if (head.event_stream && decision_.chat.stream) co_return co_await relay(head);
  co_return co_await answer_whole(head);
}

net::Task<net::IoResult> ChatCall::connect(bool fresh) {
  net::UpstreamPool& pool =
      *serving_.pools[static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider)];
  response_lines_.reset();
  if (!fresh) upstream_ = pool.take_idle();
  if (upstream_) co_return net::IoResult();
  upstream_ = pool.open();
  if (!upstream_) {
    bad_answer_ = "all connections to it are in use";
    net::IoResult full;
    full.error = net::IoError::refused;
    co_return full;
  }
  arm(runtime_.spec.timeouts.connect);
  const net::IoResult result = co_await upstream_->read;
  waited();
  deadline_.clear();
  co_return result;
}

// The journal knows of the request before the provider does.
bool ChatCall::dispatch() {
  const store::Dispatched sent = worker_.seams().books.dispatch(hold_);
  dispatched_ = sent.status == store::DispatchStatus::sent;
  dispatch_seq_ = sent.seq;
  if (dispatched_) return true;
  give_error(ErrorKind::storage, ErrorSource::gateway,
             "the budget ledger cannot be written; nothing may be spent");
  serving_.health.on_abandoned(planned_->target);
  release();
  return false;
}

// durability: strict waits until the dispatch is on the disk.
net::Task<bool> ChatCall::until_durable() {
  if (runtime_.spec.ledger.durability != Durability::strict || dispatch_seq_ == 0) co_return true;
  store::Books& books = worker_.seams().books;
  durable_.arm();
  const auto done = [](void* self) {  // on the sync thread
    auto& call = *static_cast<ChatCall*>(self);
    call.worker_.seams().post([&call] { call.durable_.complete({}); });
  };
  const bool already = books.when_durable(dispatch_seq_, done, this);
  if (already) durable_.complete({});
  (void)co_await durable_;
  if (books.durable(dispatch_seq_)) co_return true;
  give_error(ErrorKind::storage, ErrorSource::gateway,
             "the budget ledger could not be synced; nothing may be spent");
  serving_.health.on_abandoned(planned_->target);
  release();  // nothing was sent
  co_return false;
}

net::Task<net::IoResult> ChatCall::send_request() {
  const auto provider_index =
      static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider);
  const ProviderRuntime& provider = runtime_.providers[provider_index];
  std::size_t& turn = serving_.next_key[provider_index];
  const std::string_view head = provider.chat_heads[turn++ % provider.chat_heads.size()].reveal();
  char* end = std::to_chars(length_room_.data(), length_room_.data() + 20, body_.size()).ptr;
  std::memcpy(end, "\r\n\r\n", 4);
  Unwritten left;
  left.add(head);
  left.add({length_room_.data(), static_cast<std::size_t>(end + 4 - length_room_.data())});
  for (const std::string_view part : body_.parts()) left.add(part);
  net::Connection& pipe = *upstream_->pipe;
  for (;;) {
    const net::IoResult wrote = pipe.try_write(left.parts());
    if (!wrote.ok() && wrote.error != net::IoError::would_block) co_return wrote;
    left.taken(wrote.bytes);
    if (left.empty()) co_return net::IoResult();
    arm(runtime_.spec.timeouts.write_stall);
    pipe.start_wait_writable(writable_);
    const net::IoResult ready = co_await writable_;
    if (!ready.ok()) co_return ready;
  }
}

net::Task<net::IoResult> ChatCall::read_head(net::ResponseHead& head) {
  net::UpstreamConnection& up = *upstream_;
  arm(runtime_.spec.timeouts.first_byte);
  int interim = 0;
  for (;;) {
    if (up.buffer.size() != 0) {
      const net::HeadStatus status =
          net::read_response_head(up.buffer.view(), response_lines_, head);
      if (status == net::HeadStatus::refused) {
        bad_answer_ = head.refusal.text;
        net::IoResult refused;
        refused.error = net::IoError::reset;
        co_return refused;
      }
      if (status == net::HeadStatus::complete && !head.interim()) break;
      if (status == net::HeadStatus::complete && ++interim <= interim_heads_max) {
        up.buffer.consume(head.head_bytes);
        response_lines_.reset();
        continue;
      }
    }
    up.arm_read();
    (void)worker_.tick_now();  // what came before was our own work
    const net::IoResult result = co_await up.read;
    waited();
    if (!result.ok()) co_return result;
    if (up.buffer.size() == 0) first_byte_at_ = worker_.last_tick();
    up.buffer.commit(result.bytes);
  }
  deadline_.clear();
  line_->ttfb_ns = first_byte_at_ - attempt_started_;
  co_return net::IoResult();
}

// No answer came. `sent`: the whole request is on its way, so the provider may bill it.
ChatCall::AttemptEnd ChatCall::transport_failed(net::IoResult result, bool sent) {
  if (sent) {
    settle_unknown();
  } else {
    release();
  }
  if (session_.client_gone() || must_end_) {
    serving_.health.on_abandoned(planned_->target);
    line_->failed = true;
    line_->error = ErrorKind::client_gone;
    end_line(0);
    return AttemptEnd::give_up;
  }
  const std::string name = "provider `" + provider_of(planned_->target).name + "` ";
  if (result.error == net::IoError::timed_out) {
    give_error(ErrorKind::upstream_timeout, ErrorSource::upstream,
               name + (sent ? "did not answer in time" : "could not be reached in time"));
    failed(sent ? router::FailureClass::timeout : router::FailureClass::transport,
           ErrorKind::upstream_timeout, 0);
  } else if (bad_answer_ != nullptr) {
    give_error(ErrorKind::upstream_protocol, ErrorSource::upstream, name + bad_answer_);
    failed(router::FailureClass::transport, ErrorKind::upstream_protocol, 0);
  } else {
    give_error(ErrorKind::upstream_connect, ErrorSource::upstream,
               name +
                   (sent ? "closed the connection without an answer: " : "could not be reached: ") +
                   net::name_of(result.error));
    failed(router::FailureClass::transport, ErrorKind::upstream_connect, 0);
    retry_same_ = !sent;
  }
  return AttemptEnd::try_next;
}

}  // namespace steelyard
