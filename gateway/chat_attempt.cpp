// One request to one provider: hold, connect, write, wait for the head of the answer.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "gateway/chat_call.h"
#include "gateway/paired_heads.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr int interim_heads_max = 5;

// Google's former SDK for JavaScript, which LangChain still uses, finds events by a pattern that
// must match from one event's end on: an empty line there breaks it.
bool takes_events_only(const net::RequestHead& head) {
  return head.fields.find("x-goog-api-client").starts_with("genai-js/");
}

}  // namespace

ChatCall::AttemptEnd ChatCall::begin_attempt(const router::PlannedAttempt& planned) {
  planned_ = &planned;
  if (has_error_ && dispatched_) [[unlikely]]
    cold_->asked_error = std::make_unique<Error>(std::move(error_));
  has_error_ = false;
  cold_->rests_ms = 0;
  receipt_.dropped = 0;
  dispatched_ = false;
  bad_answer_ = nullptr;
  first_byte_at_ = {};
  guard_ = StreamGuard();
  attempt_started_ = worker_.last_tick();
  if (receipt_.attempts.size() == limits::attempts_max) return AttemptEnd::give_up;
  if (!choose_key()) return AttemptEnd::try_next;
  if (decision_.chat.has_reasoning_state) [[unlikely]]
    settle_home();
  if (!serving_.health.on_dispatch(planned.target, attempt_started_, planned.forced)) {
    give_error(ErrorKind::overloaded, ErrorSource::gateway,
               "the provider recovers from failures; try again shortly");
    return AttemptEnd::try_next;
  }
  if (!hold()) {
    serving_.health.on_abandoned(planned.target);
    return cheaper_left() ? AttemptEnd::try_next : AttemptEnd::give_up;
  }
  const ProviderRuntime& provider = provider_of(planned_->target);
  line_ = receipt_.attempts.add();
  line_->provider = provider.name;
  line_->provider_id = provider.label;
  line_->model = runtime_.catalog.model(planned_->model).name;
  line_->target = runtime_.target_labels[static_cast<std::size_t>(planned_->target)];
  line_->expected = planned_->expected;
  line_->held = planned_->worst_case;
  receipt_.held = std::max(receipt_.held, planned_->worst_case);
  receipt_.upstream_dialect = dialect_of(provider.wire);
  const bool built = build_body();
  if (!built || loses_too_much()) {
    serving_.health.on_abandoned(planned_->target);
    release();
    if (built) end_unsent();
    return built ? AttemptEnd::try_next : AttemptEnd::give_up;
  }
  return AttemptEnd::going_on;
}

// Did the policy forbid what this provider's dialect cannot carry? Another attempt may be lossless.
bool ChatCall::loses_too_much() {
  if (!foreign_ || foreign_->dropped.empty()) return false;
  receipt_.dropped |= foreign_->dropped.bits();
  if (!decision_.verdict.reject_losses) return false;
  std::string names;
  foreign_->append_dropped(names);
  error_ = Error(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
                 "the policy `" + std::string(decision_.verdict.policy) +
                     "` rejects what would be lost on the way to provider `" +
                     provider_of(planned_->target).name + "`: " + names);
  has_error_ = true;
  return true;
}

// The attempt's line, when nothing went out.
void ChatCall::end_unsent() {
  line_->failed = true;
  line_->error = error_.kind;
  end_line(0);
}

bool ChatCall::build_body() {
  const router::Target& target = runtime_.catalog.target(planned_->target);
  const ProviderRuntime& provider = provider_of(planned_->target);
  dialect::BodyEdits edits;
  const bool in_path = provider.path.names_model();  // not in the body, or ignored there
  if (target.upstream_name != decision_.chat.model && !in_path) edits.model = target.upstream_name;
  const bool chat = provider.wire == dialect::hub::Wire::openai_chat;
  edits.include_usage = decision_.chat.stream && provider.quirks.include_usage && chat;
  // Without a budget or a cap the client's own limits (or none) are nobody's business.
  const bool bounded =
      !chain_->empty() || decision_.verdict.output_tokens_max != 0 || planned_->clamped;
  if (bounded) edits.output_tokens_max = planned_->output_tokens_max;
  if (provider.wire == dialect::hub::Wire::openai_responses)
    edits.limit_key = dialect::LimitKey::max_output_tokens;
  else if (provider.quirks.max_completion_tokens && chat)
    edits.limit_key = dialect::LimitKey::max_completion_tokens;
  else if (provider.quirks.max_tokens_only && chat)
    edits.limit_key = dialect::LimitKey::max_tokens;
  foreign_.reset();
  const bool translated = provider.wire != wire();
  Result<void> built;
  const dialect::ForeignState foreign_state =
      translated ? dialect::ForeignState() : this->foreign_state();
  const bool cuts_state = !translated && decision_.chat.has_reasoning_state &&
                          (foreign_state.any() || holds_carriers(decision_.chat));
  const bool cited = !translated && decision_.chat.has_foreign_citations;
  if (!chat || translated || in_path || provider.tokens || cuts_state) prepare_foreign();
  if (translated)
    built = build_foreign_body(bounded);
  else if (cuts_state || cited)
    built = splice_without_foreign(decision_.chat, wire(), foreign_state, edits, *foreign_, body_);
  else
    built = body_.build(decision_.chat, edits);
  if (!built) {
    error_ = built.error();
    has_error_ = true;
  } else if (provider.fits_bodies) [[unlikely]] {
    fit_body(provider);
  }
  return built.has_value();
}

// Not Chat on both sides: the answer goes over a bridge. Or only the request line is another.
void ChatCall::prepare_foreign() {
  foreign_ = std::make_unique<ForeignCall>();
  const ProviderRuntime& provider = provider_of(planned_->target);
  if (provider.path.names_model())
    append_request_line(foreign_->request_line, provider.path,
                        runtime_.catalog.target(planned_->target).upstream_name,
                        decision_.chat.stream);
  const dialect::hub::Wire chat = dialect::hub::Wire::openai_chat;
  foreign_->bridged = provider.wire != chat || wire() != chat;
  dialect::hub::BridgeOptions& bridge = foreign_->bridge;
  bridge.client = wire();
  bridge.provider = provider.wire;
  bridge.created = decision_.at.seconds();
  bridge.client_body = decision_.chat.body;
  bridge.names = &foreign_->names;
  bridge.state_key = &runtime_.makers.key_of(runtime_.makers.maker(planned_->target, key_used_));
  bridge.include_usage = decision_.chat.include_usage;
  bridge.json_array = wants_array(session_);
  no_pings_ = wire() == dialect::hub::Wire::gemini && takes_events_only(session_.head());
  bridge.no_pings = no_pings_;
  bridge.ends_without_done = provider.quirks.ends_without_done;
  bridge.quirks.reasoning_exclusive = provider.quirks.reasoning_exclusive;
  bridge.model = runtime_.catalog.target(planned_->target).upstream_name;
  foreign_->request_id.resize(telemetry::request_id_bytes);
  telemetry::write_request_id(foreign_->request_id.data(), receipt_.id);
  bridge.request_id = foreign_->request_id;
  bridge.amazon_frames = provider.path.style == PathStyle::invoke;
  if (provider.wire == dialect::hub::Wire::anthropic)
    append_anthropic_lines(*foreign_, session_.head(), decision_.chat.body, provider);
  if (provider.wire == wire())
    append_request_pairs(foreign_->head_lines, wire(), session_.head(),
                         provider.chat_heads.front().reveal());
}

Result<void> ChatCall::build_foreign_body(bool bounded) {
  const ProviderRuntime& provider = provider_of(planned_->target);
  TranslateTarget target;
  target.provider = provider.wire;
  target.model = runtime_.catalog.target(planned_->target).upstream_name;
  target.catalog_model = runtime_.catalog.model(planned_->model).name;
  target.output_tokens_room = planned_->output_tokens_max;
  target.foreign_state = foreign_state();
  target.state_key = foreign_->bridge.state_key;
  if (bounded) target.output_tokens_cap = planned_->output_tokens_max;
  target.quirks = &provider.quirks;
  target.stream = decision_.chat.stream;
  const Result<void> built = translate_body(decision_.chat.body, wire(), target, *foreign_);
  if (built) body_.set(foreign_->body);
  return built;
}

// What usually needs no waiting is done without a coroutine of its own: each costs a frame.
net::Task<ChatCall::AttemptEnd> ChatCall::exchange() {
  net::ResponseHead& head = *std::construct_at(&cold_->head);
  if (foreign_ && !take_credentials()) {
    const bool there = co_await credentials_come();
    if (!there) co_return no_credentials();
  }
  for (bool fresh = false;; fresh = true) {
    if (fresh || !take_idle()) {
      const net::IoResult connected = co_await connect();
      if (!connected.ok()) co_return transport_failed(connected, false);
    }
    if (!dispatched_) {
      if (!dispatch()) co_return AttemptEnd::give_up;
      if (must_be_durable()) {
        const bool durable = co_await until_durable();
        if (!durable) co_return AttemptEnd::give_up;
      }
    }
    net::IoResult got = send_now();
    if (got.error == net::IoError::would_block) got = co_await send_rest(got.bytes);
    const bool sent = got.ok();
    if (sent) arm(runtime_.spec.timeouts.first_byte);
    while (got.ok() && !whole_head(head, got)) {
      if (!got.ok()) break;  // it is no head: nothing more is waited for
      upstream_->arm_read();
      (void)worker_.tick_now();  // what came before was our own work
      got = co_await upstream_->read;
      took_in(got);
    }
    if (got.ok()) break;
    // A kept-alive connection that the provider had closed already: nothing was processed.
    const bool peer_closed = got.error == net::IoError::closed || got.error == net::IoError::reset;
    const bool stale = upstream_->reused && !fresh && peer_closed && bad_answer_ == nullptr &&
                       upstream_->buffer.size() == 0;
    if (!stale) co_return transport_failed(got, sent);
    drop_upstream();
  }
  deadline_.clear();
  line_->ttfb_ns = first_byte_at_ - attempt_started_;
  line_->status = head.status;
  if (!provider_of(planned_->target).rate_headers.empty()) [[unlikely]]
    heed_rate(head);
  if (head.status < 200 || head.status > 299) co_return co_await provider_error(head);
  if (head.event_stream && decision_.chat.stream) co_return AttemptEnd::stream;
  if (!collect_now(head)) {
    const net::IoResult got = co_await collect(head, limits::response_body_bytes_max);
    if (!got.ok()) co_return transport_failed(got, true);
  }
  const AttemptEnd end = answer_whole(head);
  if (session_.unsent() && !session_.client_gone()) (void)co_await session_.drain();
  if (end == AttemptEnd::answered) delivered();
  co_return end;
}

net::UpstreamPool& ChatCall::pool() const {
  return *serving_
              .pools[static_cast<std::size_t>(runtime_.catalog.target(planned_->target).provider)];
}

bool ChatCall::take_idle() {
  response_lines_.reset();
  interim_heads_ = 0;
  upstream_ = pool().take_idle();
  return upstream_ != nullptr;
}

net::Task<net::IoResult> ChatCall::connect() {
  response_lines_.reset();
  interim_heads_ = 0;
  upstream_ = pool().open();
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
  if (quotas_ != nullptr) quotas_->dispatch(worker_.seams().books);
  if (dispatched_) {
    fault_ = {};  // from here on this attempt is the one to tell of
    cold_->asked_error.reset();
    return true;
  }
  give_error(ErrorKind::storage, ErrorSource::gateway,
             "the budget ledger cannot be written; nothing may be spent");
  serving_.health.on_abandoned(planned_->target);
  release();
  return false;
}

// After a wait for the provider: what came, into its buffer. Nothing came: still ok, wait again.
void ChatCall::took_in(net::IoResult& result) {
  waited();
  const bool first = upstream_->buffer.size() == 0;
  if (!result.ok()) return;
  result = upstream_->receive();
  if (result.error == net::IoError::would_block) {
    result = {};
  } else if (first && result.ok()) {
    first_byte_at_ = worker_.last_tick();
  }
}

// Is a head that is no interim answer there? `got` becomes an error if there can be none.
bool ChatCall::whole_head(net::ResponseHead& head, net::IoResult& got) {
  net::Buffer& buffer = upstream_->buffer;
  net::ResponseHeadMemo& memo = upstream_->pool->heads(decision_.chat.stream);
  if (response_lines_.scanned() == 0 && memo.match(buffer.view(), head)) return true;
  while (buffer.size() != 0) {
    const net::HeadStatus status = net::read_response_head(buffer.view(), response_lines_, head);
    if (status == net::HeadStatus::refused) {
      bad_answer_ = head.refusal.text;
      got.error = net::IoError::reset;
      return false;
    }
    if (status == net::HeadStatus::complete && !head.interim()) {
      if (head.status == 200) memo.remember(buffer.view(), head);
      return true;
    }
    if (status == net::HeadStatus::need_more) return false;
    if (++interim_heads_ > interim_heads_max) {
      bad_answer_ = "sent one interim answer too many";
      got.error = net::IoError::reset;
      return false;
    }
    buffer.consume(head.head_bytes);
    response_lines_.reset();
  }
  return false;
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
