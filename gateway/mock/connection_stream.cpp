// Streamed answers: pacing, where writes are cut, and drips.
#include <algorithm>

#include "gateway/mock/chance.h"
#include "gateway/mock/connection.h"

namespace steelyard::mock {
namespace {

constexpr std::size_t kBatchBytes = 16u << 10;
constexpr std::uint64_t kCut = 3;  // purpose of a draw

std::chrono::microseconds micro(std::int64_t count) {
  return std::chrono::microseconds(count);
}

}  // namespace

void Connection::begin_stream_head() {
  framing_ = BodyFraming::chunked;
  if (http10_ || job_.behaviour->framing == Framing::close) framing_ = BodyFraming::until_close;
  if (framing_ == BodyFraming::until_close) close_after_ = true;
  ReplyHead head = head_of(200);
  const Dialect* const dialect = job_.operation.dialect;
  head.content_type =
      dialect != nullptr ? dialect->stream_type : "text/event-stream; charset=utf-8";
  head.framing = framing_;
  append_head(out_, head);
  head_sent_ = true;
}

void Connection::append_ping() {
  if (const Dialect* const dialect = job_.operation.dialect; dialect != nullptr) {
    if (!dialect->ping.empty()) append_framed(dialect->ping);
    return;
  }
  append_framed(job_.behaviour->crlf ? ": mock is thinking\r\n\r\n" : ": mock is thinking\n\n");
}

void Connection::begin_stream() {
  if (!head_sent_) begin_stream_head();
  job_.start_script();
  if (job_.fault == Fault::close_after_head) return break_off();
  if (job_.fault == Fault::drip) {
    while (!job_.script.done()) write_event();
    if (framing_ == BodyFraming::chunked) out_ += "0\r\n\r\n";
    return begin_drip();
  }
  phase_ = Phase::streaming;
  stream();
}

// Before a round of content: false when the answer breaks here, or when the round is not due yet.
bool Connection::round_may_start() {
  const Behaviour& behaviour = *job_.behaviour;
  const std::int64_t round = job_.script.rounds();
  const Fault fault = job_.fault;
  const bool breaks = fault == Fault::cut || fault == Fault::reset || fault == Fault::stall;
  if (breaks && round >= behaviour.after_chunks) {
    break_off();
    return false;
  }
  if (behaviour.interval_us == 0 || round == 0) return true;
  const auto due = due_ + micro(round * behaviour.interval_us);
  if (SteadyClock::now() >= due) return true;
  arm(due, &Connection::stream);
  return false;
}

void Connection::write_event() {
  const Behaviour& behaviour = *job_.behaviour;
  const bool pings = behaviour.ping_every != 0 && job_.script.opens_round();
  if (pings && job_.script.rounds() % behaviour.ping_every == 0) append_ping();
  event_.clear();
  job_.script.next(event_);
  append_framed(event_);
}

void Connection::stream() {
  const Behaviour& behaviour = *job_.behaviour;
  held_ = 0;
  while (!job_.script.done()) {
    if (job_.script.opens_round() && !round_may_start()) return;
    const std::size_t before = out_.size();
    write_event();
    if (out_.size() == before) continue;
    if (job_.script.done()) return end_stream();
    ++batched_;
    if (behaviour.split_writes) {
      const std::size_t size = out_.size() - before;
      held_ = draw(behaviour.seed, ++cuts_, kCut) % std::max<std::size_t>(size - 1, 1) + 1;
      if (flush())
        arm(SteadyClock::now() + micro(behaviour.split_gap_us), &Connection::stream_rest);
      return;  // blocked: on_writable comes back to stream()
    }
    const bool full = behaviour.merge_events != 0  ? batched_ >= behaviour.merge_events
                      : behaviour.interval_us != 0 ? true
                                                   : out_.size() - sent_ >= kBatchBytes;
    if (!full) continue;
    batched_ = 0;
    if (!flush()) return;
  }
  end_stream();
}

// The second part of a split event.
void Connection::stream_rest() {
  held_ = 0;
  if (flush()) stream();
}

// A charge is on the bill before the client can see the end.
void Connection::end_stream() {
  const bool broke = job_.fault == Fault::error_event;
  bill(broke ? End::cut : End::completed);
  if (framing_ == BodyFraming::chunked) out_ += "0\r\n\r\n";
  finish();
}

void Connection::begin_drip() {
  phase_ = Phase::dripping;
  drip();
}

void Connection::drip() {
  if (out_.size() - sent_ <= 1) {
    bill(End::completed);
    return finish();
  }
  held_ = out_.size() - sent_ - 1;
  flush();
  if (!closed_) arm(SteadyClock::now() + micro(job_.behaviour->drip_us), &Connection::drip);
}

}  // namespace steelyard::mock
