// Streams: one read from the provider becomes one write to the client, bytes as they came. Nothing
// is sent before the first event with content, so until then another provider can still be asked;
// but no longer than `stream_commit`, for who thinks out of sight may do so for minutes.
#include <algorithm>
#include <charconv>

#include "gateway/chat_call.h"
#include "gateway/dialect/gemini_errors.h"
#include "gateway/dialect/hub_errors.h"
#include "gateway/paired_heads.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/usd_text.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {
namespace {

constexpr std::size_t before_commit_bytes_max = limits::relay_window_bytes;
// With the framing of its chunk, what a client does not take fits a block of relay_window_bytes.
constexpr std::size_t read_bytes_max = limits::relay_window_bytes - 1024;

net::IoResult ended(net::IoError error) {
  net::IoResult result;
  result.error = error;
  return result;
}

}  // namespace

void ChatCall::begin_relay(const net::ResponseHead& head) {
  dialect::openai::TapOptions options;
  options.drop_usage_chunk = !decision_.chat.include_usage;
  options.ends_without_done = provider_of(planned_->target).quirks.ends_without_done;
  if (bridged())
    tap_.begin_bridge(foreign_->bridge);
  else
    tap_.begin_tap(options,
                   &worker_.tools().shapes.of(2 * static_cast<std::size_t>(planned_->target) + 1));
  chunks_ = net::ChunkDecoder(net::ChunkSource::provider);
  framing_ = head.framing;
  body_left_ = head.content_length;
  stream_over_ = framing_ == net::BodyFraming::none;
  decode_failed_ = false;
  reusable_ = false;
  keep_alive_ = head.keep_alive;
  commit_due_ = worker_.last_tick().plus_ms(runtime_.spec.timeouts.stream_commit);
  held_.clear();
  begin_guard();
  // For the first write, which may come when the head's bytes are gone.
  note_pairs(head);
  if (head.fields.has(net::ResponseField::x_request_id))
    append_pair(cold_->answer_pairs, "x-request-id", head.value(net::ResponseField::x_request_id));
}

net::Task<ChatCall::AttemptEnd> ChatCall::relay() {
  net::ResponseHead& head = cold_->head;
  begin_relay(head);
  net::UpstreamConnection& up = *upstream_;
  std::span<char> bytes(up.buffer.data() + head.head_bytes, up.buffer.size() - head.head_bytes);
  worker_.seams().metrics.stream_started();
  for (;;) {
    decode(bytes);
    if (decode_failed_) break;
    if (tap_.phase() == dialect::openai::StreamPhase::failed && (!committed_ || tap_.too_long()))
      break;
    if (stream_over_) break;
    if (must_cut()) break;
    const bool whole = send_pieces(false);
    tap_out_.clear();  // sent or copied: from here on the scratch it looks into is anybody's
    if (!whole && !session_.client_gone()) {
      const bool drained = co_await session_.drain();
      if (!drained) break;
    }
    if (session_.client_gone() || must_end_) break;
    up.buffer.release();
    net::IoResult got;
    do {
      arm_stream();
      up.pipe->start_wait_readable(up.read);
      got = co_await up.read;
      rest_due_ = false;
      if (session_.unsent()) (void)co_await session_.drain();  // a sign of life that did not fit
      waited();
      if (got.ok()) got = read_some(bytes);
    } while (got.error == net::IoError::would_block);
    if (got.error == net::IoError::closed && framing_ == net::BodyFraming::until_close) {
      bytes = {};
      stream_over_ = true;
      tap_out_.clear();
      break;
    }
    if (!got.ok()) {
      tap_out_.clear();
      break;
    }
  }
  idle_due_ = {};
  deadline_.clear();  // from here on it is the client that is waited for
  wake();
  worker_.seams().metrics.stream_ended();
  if (cut_) co_return co_await end_cut();
  for (const std::string_view part : tap_out_.parts()) held_ += part;
  tap_out_.clear();
  // All was said once [DONE] was: what breaks behind it is nobody's loss.
  const bool said_all = stream_over_ || tap_.phase() == dialect::openai::StreamPhase::done;
  if (said_all && !stream_over_) held_ += "\n\n";  // its blank line may be what was lost
  const bool said_why = !committed_ && tap_.phase() == dialect::openai::StreamPhase::failed;
  const bool endless = committed_ && tap_.too_long();
  const Result<void> finished = said_all || said_why || endless
                                    ? tap_.finish(tap_out_)
                                    : fail(ErrorKind::upstream_protocol, ErrorSource::upstream,
                                           Retry::next_target, "the provider's stream broke off");
  co_return co_await end_stream(finished);
}

// Into the worker's scratch: a stream that waits has no buffer. Inlined, it leads the compiler to
// put 370 bytes of others' locals into the frame of every stream.
[[gnu::noinline]] net::IoResult ChatCall::read_some(std::span<char>& bytes) {
  const std::span<char> scratch(worker_.tools().read_scratch);
  const net::IoResult got = upstream_->pipe->try_read(scratch.first(read_bytes_max));
  if (got.ok()) bytes = scratch.first(got.bytes);
  return got;
}

// The client has got nothing for a while, but the provider is not late yet: it gets what its
// dialect passes over, if it is between two events. Gemini's has nothing of the kind, and Google's
// SDK for Python fails on a comment; an empty line ends no event. Who still waits for the first
// content gets the head and what there is. False: the wait is over.
bool ChatCall::sign_of_life() {
  const Tick now = worker_.tick_now();
  if (now >= idle_due_ || now >= total_due_) return false;
  if (!committed_) {
    if (now >= commit_due_) (void)send_pieces(false);
    if (session_.client_gone()) return false;
  } else if (between_events_ && !no_pings_ && !session_.unsent()) {
    std::string ping = ": keep-alive\n\n";
    if (wire() == dialect::hub::Wire::anthropic)
      ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    if (wire() == dialect::hub::Wire::gemini) ping = "\r\n";
    if (!session_.http_1_0()) {
      std::array<char, 16> size;
      const char* end = std::to_chars(size.data(), size.data() + size.size(), ping.size(), 16).ptr;
      ping.insert(0, std::string(static_cast<const char*>(size.data()), end) + "\r\n");
      ping += "\r\n";
    }
    const net::ConstBytes part(ping);
    (void)session_.send_now({&part, 1});
    if (session_.client_gone()) return false;
  }
  ping_due_ = now.plus_ms(runtime_.spec.timeouts.stream_ping);
  worker_.set_deadline_at(deadline_, std::min({ping_due_, idle_due_, total_due_}));
  return true;
}

// Takes the transfer coding off, in place, and lets the tap look at what remains.
void ChatCall::decode(std::span<char> bytes) {
  tap_out_.clear();
  std::size_t payload = bytes.size();
  if (framing_ == net::BodyFraming::chunked) {
    const net::ChunkDecoder::InPlace step = chunks_.feed(bytes);
    payload = step.produced;
    decode_failed_ = step.status == net::ChunkStatus::refused;
    stream_over_ = step.status == net::ChunkStatus::done;
    reusable_ = stream_over_ && keep_alive_ && step.consumed == bytes.size();
  } else if (framing_ == net::BodyFraming::length) {
    payload = static_cast<std::size_t>(std::min<std::uint64_t>(payload, body_left_));
    body_left_ -= payload;
    stream_over_ = body_left_ == 0;
    reusable_ = stream_over_ && keep_alive_ && payload == bytes.size();
  }
  if (payload == 0) return;
  tap_.feed({bytes.data(), payload}, tap_out_);
  if (!tap_.states().empty()) [[unlikely]] {
    wake();
    remember_states(tap_.states());
  }
}

// Head of the answer, for the first write.
std::string_view ChatCall::stream_head(std::span<char> room) {
  net::HeadWriter out(room);
  out.status_line(200);
  if (wants_array(session_)) [[unlikely]]
    out.append_raw("content-type: application/json; charset=UTF-8\r\ncache-control: no-cache\r\n");
  else
    out.append_raw("content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n");
  out.append_raw(cold_->answer_pairs);
  append_common_headers(out);
  const store::Chain& chain = *chain_;
  store::Headroom budgets;
  if (!chain.empty()) budgets = worker_.seams().books.headroom(chain, decision_.at);
  if (budgets.remaining.v != INT64_MAX)
    append_money(out, "x-steelyard-budget-remaining-usd: ", budgets.remaining);
  if (session_.http_1_0()) {
    session_.close_after();
  } else {
    out.append_raw("transfer-encoding: chunked\r\ntrailer: x-steelyard-cost-usd");
    out.append_raw(foreign_ ? ", x-steelyard-dropped-fields\r\n" : "\r\n");
  }
  if (session_.will_close()) out.append_raw("connection: close\r\n");
  out.end_of_head();
  return out.view();
}

// Does what goes out now end with a blank line? Asked of the last piece alone: where that is too
// short to tell, no sign of life is given.
bool ChatCall::ends_event() const {
  std::string_view last = held_;
  for (const std::string_view part : tap_out_.parts())
    if (!part.empty()) last = part;
  return last.ends_with("\n\n") || last.ends_with("\n\r\n");
}

// Writes what the tap let through; with `last`, the end of the body too. False: not all went.
bool ChatCall::send_pieces(bool last) {
  const bool has_content = tap_.phase() >= dialect::openai::StreamPhase::content;
  if (!committed_ && !has_content && !last && held_.size() < before_commit_bytes_max &&
      worker_.last_tick() < commit_due_) {
    for (const std::string_view part : tap_out_.parts()) held_ += part;
    return true;
  }
  std::array<net::ConstBytes, dialect::openai::TapOutput::parts_max + 6> parts;
  std::size_t count = 0;
  if (!committed_) {
    committed_ = true;
    content_late_ = !has_content && !last;
    if (!content_late_) note_first_content();
    between_events_ = true;  // if there is nothing but the head
    parts[count++] = net::ConstBytes(stream_head(worker_.tools().head_scratch));
  } else if (content_late_ && has_content) [[unlikely]] {
    content_late_ = false;
    wake();
    note_first_content();
  }
  const std::size_t size = held_.size() + tap_out_.size();
  const bool framed = !session_.http_1_0();
  std::array<char, 24> size_line;
  if (size != 0 && framed) {
    char* end = std::to_chars(size_line.data(), size_line.data() + 16, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    parts[count++] =
        net::ConstBytes(size_line.data(), static_cast<std::size_t>(end - size_line.data()));
  }
  if (!held_.empty()) parts[count++] = net::ConstBytes(held_);
  for (const std::string_view part : tap_out_.parts()) parts[count++] = net::ConstBytes(part);
  if (size != 0 && framed) parts[count++] = net::ConstBytes(std::string_view("\r\n"));
  if (last && framed) parts[count++] = net::ConstBytes(std::string_view(head_text_));
  if (count == 0) return true;
  ping_due_ = worker_.last_tick().plus_ms(runtime_.spec.timeouts.stream_ping);
  if (size != 0) between_events_ = ends_event();
  const bool whole = session_.send_now({parts.data(), count});
  if (!held_.empty()) std::string().swap(held_);  // a waiting stream keeps no memory of it
  return whole;
}

void ChatCall::note_first_content() {
  receipt_.completion_start = worker_.now();
  receipt_.durations.ttft = worker_.last_tick() - session_.started();
}

// The client has seen nothing: this attempt never happened, as far as it is concerned.
ChatCall::AttemptEnd ChatCall::lost_before_commit(const Error& error) {
  bad_answer_ = nullptr;
  if (session_.client_gone() || must_end_)
    return transport_failed(ended(net::IoError::cancelled), true);
  const dialect::UpstreamFault& fault = tap_.facts().fault;
  settle_unknown();
  if (fault) {
    keep_fault_inside(fault);
  } else {
    error_ = error;
    has_error_ = true;
  }
  failed(fault ? router::FailureClass::overloaded : router::FailureClass::server, error.kind, 200);
  return AttemptEnd::try_next;
}

net::Task<ChatCall::AttemptEnd> ChatCall::end_stream(Result<void> finished) {
  const dialect::openai::StreamFacts& facts = tap_.facts();
  remember_states(tap_.states());  // what its last event held, if that had no end
  const bool good = finished.has_value() && !session_.client_gone();  // whole, also in a drain
  if (!good && !committed_) {
    const Error error = finished ? Error() : finished.error();
    co_return lost_before_commit(error);
  }
  settle(facts.usage, facts.output_bytes, finished.has_value());
  receipt_.finish_reason = std::string_view(dialect::name_of(facts.finish));
  receipt_.http_status = 200;
  answered_ = true;
  // Clients of Chat wait for it, whatever the provider's habits.
  if (good && !bridged() && !facts.done_seen) held_ += "\n\ndata: [DONE]\n\n";
  head_text_ = "0\r\nx-steelyard-cost-usd: ";
  head_text_ += UsdText(receipt_.spend).view();
  if (foreign_) [[unlikely]] {
    note_lost(tap_.lost());
    if (!tap_.lost().empty()) {
      head_text_ += "\r\nx-steelyard-dropped-fields: ";
      foreign_->append_dropped(head_text_);
    }
  }
  head_text_ += "\r\n\r\n";
  if (good) {
    succeeded(200);
    if (bridged()) remember_kept(tap_.id(), tap_.item_ids());
  } else if (session_.client_gone()) {
    receipt_.client_abort = telemetry::ClientAbort::mid_stream;
    serving_.health.on_abandoned(planned_->target);
    end_line(200);
    receipt_.failed = true;
    receipt_.error = ErrorKind::client_gone;
    receipt_.error_text = "the client closed the connection";
    co_return AttemptEnd::answered;
  } else {
    tell_failure(must_end_ ? Error(ErrorKind::overloaded, ErrorSource::gateway, Retry::never,
                                   "the gateway is shutting down")
                           : finished.error());
  }
  const bool whole = send_pieces(true);
  if (!whole) budgets_are_final_ = false;  // a wait follows: the view goes to others
  if (!whole && !session_.client_gone()) (void)co_await session_.drain();
  if (good && reusable_ && !must_end_) keep_upstream();
  co_return AttemptEnd::answered;
}

// After the first byte a failure is an event of its own; no [DONE] follows.
void ChatCall::tell_failure(const Error& error) {
  const bool already_told = tap_.told_failure();
  receipt_.failed = true;
  receipt_.error = error.kind;
  receipt_.error_text = error.context;
  failed(must_end_ ? router::FailureClass::client_gone : router::FailureClass::server, error.kind,
         200);
  session_.close_after();
  for (const std::string_view part : tap_out_.parts()) held_ += part;
  tap_out_.clear();
  if (already_told) return end_told_error();
  char id[telemetry::request_id_bytes];
  telemetry::write_request_id(id, receipt_.id);
  extras_.request_id = std::string_view(id, sizeof id);
  held_ += "\n\n";  // the client may have got half an event: blank lines end it, or mean nothing
  if (wants_array(session_)) return dialect::gemini::write_array_error(held_, error, extras_);
  dialect::hub::write_sse_error(held_, wire(), error, extras_, tap_.place());
}

// The provider's own error event went to the client as it came. Cut off before its blank line it
// would not be seen: what the tap still holds follows, and blank lines, which mean nothing if it
// had them.
void ChatCall::end_told_error() {
  (void)tap_.finish(tap_out_);
  for (const std::string_view part : tap_out_.parts()) held_ += part;
  tap_out_.clear();
  held_ += "\n\n";
}

}  // namespace steelyard
