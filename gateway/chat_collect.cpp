// Whole answers: read to the end, priced, checked, then written with their cost in the head.
#include <algorithm>

#include "gateway/chat_call.h"
#include "gateway/chat_foreign.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/responses_names.h"
#include "gateway/paired_heads.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

net::IoResult broken(net::IoError error) {
  net::IoResult result;
  result.error = error;
  return result;
}

}  // namespace

std::string_view ChatCall::collected() const {
  return upstream_->buffer.view().substr(cold_->body_at, cold_->body_end - cold_->body_at);
}

// One read behind what is there.
net::Task<net::IoResult> ChatCall::collect_some() {
  arm(runtime_.spec.timeouts.stream_idle);
  for (;;) {
    upstream_->arm_read();
    net::IoResult result = co_await upstream_->read;
    waited();
    if (result.ok()) result = upstream_->receive();
    if (result.error != net::IoError::would_block) co_return result;
  }
}

// Did the whole body come with the head? Then as collect(), without a coroutine.
bool ChatCall::collect_now(net::ResponseHead& head) {
  const net::Buffer& buffer = upstream_->buffer;
  if (head.framing != net::BodyFraming::length ||
      head.content_length > buffer.size() - head.head_bytes)
    return false;
  cold_->body_at = head.head_bytes;
  cold_->body_end = cold_->body_at + static_cast<std::size_t>(head.content_length);
  reusable_ = head.keep_alive && buffer.size() == cold_->body_end;
  return true;
}

// Reads the whole body into the connection's buffer: [cold_->body_at, cold_->body_end).
net::Task<net::IoResult> ChatCall::collect(net::ResponseHead& head, std::size_t limit) {
  net::Buffer& buffer = upstream_->buffer;
  cold_->body_at = cold_->body_end = head.head_bytes;
  reusable_ = false;
  if (head.framing == net::BodyFraming::length) {
    if (head.content_length > limit) co_return broken(net::IoError::reset);
    const std::size_t end = cold_->body_at + static_cast<std::size_t>(head.content_length);
    buffer.reserve(end);
    while (buffer.size() < end) {
      const net::IoResult result = co_await collect_some();
      if (!result.ok()) co_return result;
    }
    cold_->body_end = end;
    reusable_ = head.keep_alive && buffer.size() == end;
  } else if (head.framing == net::BodyFraming::chunked) {
    chunks_ = net::ChunkDecoder(net::ChunkSource::provider, limit);
    for (;;) {
      const std::span<const char> raw(buffer.data() + cold_->body_end,
                                      buffer.size() - cold_->body_end);
      const net::ChunkDecoder::InPlace step = chunks_.feed(raw, buffer.data() + cold_->body_end);
      const bool left_over = step.consumed < raw.size();
      cold_->body_end += step.produced;
      buffer.truncate(cold_->body_end);
      if (step.status == net::ChunkStatus::refused) co_return broken(net::IoError::reset);
      if (step.status == net::ChunkStatus::done) {
        reusable_ = head.keep_alive && !left_over;
        break;
      }
      const net::IoResult result = co_await collect_some();
      if (!result.ok()) co_return result;
    }
  } else if (head.framing == net::BodyFraming::until_close) {
    for (;;) {
      const net::IoResult result = co_await collect_some();
      if (result.error == net::IoError::closed) break;
      if (!result.ok()) co_return result;
      if (buffer.size() - cold_->body_at > limit) co_return broken(net::IoError::reset);
    }
    cold_->body_end = buffer.size();
  } else {
    reusable_ = head.keep_alive && buffer.size() == cold_->body_at;
  }
  deadline_.clear();
  head.rebase(buffer.data());
  co_return net::IoResult();
}

// Is the answer one that the policy does not want to pay twice for, but would?
bool ChatCall::unsatisfying() {
  const bool final = escalated_ || receipt_.attempts.size() == limits::attempts_max;
  if (decision_.verdict.escalate_on == 0 || final || !may_continue() || !disappointing())
    return false;
  if (!decision_.counted)
    escalation_ = escalation_of(worker_, serving_, *session_.principal(), decision_);
  return escalation_.target != router::no_target;
}

bool ChatCall::disappointing() const {
  const std::uint8_t on = decision_.verdict.escalate_on;
  const auto wants = [on](EscalateOn what) { return (on & static_cast<std::uint8_t>(what)) != 0; };
  WorkerTools& tools = worker_.tools();
  const dialect::openai::ChatAnswer& answer = tools.answer;
  if (wants(EscalateOn::empty) && answer.empty) return true;
  if (wants(EscalateOn::refusal) && answer.refusal) return true;
  if (wants(EscalateOn::truncated) && answer.finishes.has(dialect::FinishReason::length) &&
      decision_.facts.output_tokens_max == 0) {
    return true;
  }
  if (wants(EscalateOn::invalid_json) && decision_.facts.structured_output &&
      answer.tool_calls == 0 && !tools.answers.is_json(answer.content)) {
    return true;
  }
  // Gemini says so itself, and shows no call.
  if (wants(EscalateOn::malformed_tool_call) && answer.finishes.has(dialect::FinishReason::error))
    return true;
  if (!wants(EscalateOn::malformed_tool_call) || answer.tool_calls == 0) return false;
  return answer.arguments_invalid || !calls_declared();
}

// Custom tools and those in a namespace have another name in the answer than in the request.
bool ChatCall::calls_declared() const {
  WorkerTools& tools = worker_.tools();
  const std::string_view declared = decision_.chat.tools.of(decision_.chat.body);
  const std::string_view called = tools.answer.tool_names;
  if (wire() != dialect::hub::Wire::openai_responses)
    return tools.answers.tools_declared(declared, called);
  const dialect::responses::ToolNames special(decision_.chat.body);
  std::string plain;
  for (std::size_t at = 0; at < called.size();) {
    const std::size_t end = std::min(called.find('\n', at), called.size());
    const std::string_view name = called.substr(at, end - at);
    if (special.find(name) == nullptr) plain.append(name).append("\n");
    at = end + 1;
  }
  return tools.answers.tools_declared(declared, plain);
}

void ChatCall::write_whole_head(net::HeadWriter& out, const net::ResponseHead& head,
                                std::size_t body_bytes) {
  out.status_line(head.status);
  const std::string_view type = head.value(net::ResponseField::content_type);
  if (decision_.chat.stream && !wants_array(session_)) [[unlikely]]
    out.append_raw("content-type: text/event-stream; charset=utf-8\r\n");
  else if (type.empty() || type == "application/json")
    out.append_raw("content-type: application/json\r\n");
  else
    out.append_field("content-type", type);
  const std::string_view theirs = head.value(net::ResponseField::x_request_id);
  if (!theirs.empty()) out.append_value("x-request-id: ", theirs);
  if (foreign_) [[unlikely]] {
    note_pairs(head);
    out.append_raw(cold_->answer_pairs);
  }
  append_common_headers(out);
  append_money(out, "x-steelyard-cost-usd: ", receipt_.spend);
  if (budgets_are_final_ && worker_.tools().budgets.remaining.v != INT64_MAX)
    append_money(out, "x-steelyard-budget-remaining-usd: ", worker_.tools().budgets.remaining);
  out.append_number("content-length: ", body_bytes);
  if (session_.will_close()) {
    out.append_raw("connection: close\r\n");
  } else if (session_.http_1_0()) {
    out.append_raw("connection: keep-alive\r\n");
  }
  out.end_of_head();
}

// The provider was asked for a stream and answered whole: a client that waits for events would take
// that for a stream in which nothing is said.
std::string_view ChatCall::as_stream() {
  dialect::hub::BridgeOptions options;
  if (bridged()) {
    options = foreign_->bridge;
  } else {
    options.client = options.provider = dialect::hub::Wire::openai_chat;
    options.created = decision_.at.seconds();
    options.include_usage = decision_.chat.include_usage;
    options.quirks.reasoning_exclusive = provider_of(planned_->target).quirks.reasoning_exclusive;
  }
  held_.clear();
  (void)dialect::hub::write_as_stream(collected(), options, held_);
  return held_;
}

// Lines of the provider's head that its dialect's clients look for; nothing where that is another.
void ChatCall::note_pairs(const net::ResponseHead& head) {
  cold_->answer_pairs.clear();
  if (foreign_ && foreign_->bridge.provider == foreign_->bridge.client)
    append_answer_pairs(cold_->answer_pairs, wire(), head);
}

// The body is there: prices it, judges it, writes it. What did not fit the socket is still to be
// drained.
ChatCall::AttemptEnd ChatCall::answer_whole(net::ResponseHead& head) {
  WorkerTools& tools = worker_.tools();
  dialect::openai::ChatAnswer& answer = tools.answer;
  std::string_view told = collected();
  if (bridged()) {
    (void)foreign_->whole.read(told, foreign_->bridge);
    answer = foreign_->whole.facts();
    told = foreign_->whole.client_body();
  } else {
    tools.answers.parse(told, answer,
                        &tools.shapes.of(2 * static_cast<std::size_t>(planned_->target)));
  }
  if (answer.fault) {  // an error in a 200
    bad_answer_ = "answered 200 with an error in it";
    const AttemptEnd end = transport_failed({}, true);
    const bool says_why = !answer.fault.message.empty();
    if (end == AttemptEnd::try_next && says_why) keep_fault_inside(answer.fault);
    return end;
  }
  if (!answer.valid) {
    bad_answer_ = "sent an answer that is no chat completion";
    return transport_failed({}, true);
  }
  settle(answer.usage, answer.output_bytes, true);
  if (unsatisfying()) {
    serving_.health.on_unusable(planned_->target);
    end_line(head.status);
    if (reusable_) keep_upstream();
    return AttemptEnd::escalate;
  }
  succeeded(head.status);
  if (!answer.states.empty()) [[unlikely]]
    remember_states(answer.states);
  if (foreign_) note_lost(foreign_->whole.lost());
  receipt_.finish_reason = std::string_view(dialect::name_of(answer.finish));
  receipt_.http_status = head.status;
  answered_ = true;
  if (decision_.chat.stream) [[unlikely]]
    told = as_stream();
  net::HeadWriter out(tools.head_scratch);
  write_whole_head(out, head, told.size());
  receipt_.completion_start = worker_.now();
  receipt_.durations.ttft = worker_.last_tick() - session_.started();
  const std::array<net::ConstBytes, 2> parts{net::ConstBytes(out.view()), net::ConstBytes(told)};
  committed_ = true;
  // Before the client has it: what it sends next may refer to it.
  if (bridged()) remember_kept(foreign_->whole.id(), foreign_->whole.item_ids());
  (void)session_.send_now(parts);
  if (session_.unsent()) budgets_are_final_ = false;  // a wait follows: the view goes to others
  return AttemptEnd::answered;
}

// The whole answer was written, or the client is gone.
void ChatCall::delivered() {
  if (!committed_) return;  // a stream, or an error: ended elsewhere
  if (session_.client_gone()) receipt_.client_abort = telemetry::ClientAbort::mid_stream;
  if (reusable_) keep_upstream();
}

}  // namespace steelyard
