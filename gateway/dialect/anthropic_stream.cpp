// Blocks of a Messages stream as they open and close, and how it ends; what its events say:
// anthropic_events.cpp.
#include "gateway/dialect/anthropic_block.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/hub_send.h"

namespace steelyard::dialect::anthropic {

using hub::BlockKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;

void StreamDecoder::begin(std::string_view block, std::int64_t index, EventSink& sink) {
  start(sink);
  const OpenedBlock opened = open_block(block, next_++, sink);
  kind_ = opened.kind;
  open_ = true;
  index_ = index;
  if (opened.whole) close(sink);
}

// A delta came of a block that never began, or is over: what it says is a block of its own.
void StreamDecoder::begin_unsaid(BlockKind kind, std::int64_t index, EventSink& sink) {
  start(sink);
  close_all(sink);
  Event event;
  event.kind = EventKind::open;
  event.block = kind_ = kind;
  event.index = next_++;
  sink.take(event);
  open_ = true;
  index_ = index;
}

// Arguments, and their call is not open: it is over, or never began.
void StreamDecoder::nameless(std::int64_t index, EventSink& sink) {
  const bool late = kind_ == BlockKind::tool_call && (index < 0 || index == index_);
  lost_.add(hub::Loss::tool_arguments);
  if (!late && strict_) fail(nameless_fault(), sink);
}

StreamDecoder::Waiting* StreamDecoder::waiting(std::int64_t index) {
  for (Waiting& one : waiting_)
    if (one.index == index && index != index_) return &one;
  return nullptr;
}

void StreamDecoder::close(EventSink& sink) {
  if (!open_) return;
  open_ = false;
  memo_.forget();
  Event event;
  event.kind = EventKind::close;
  event.block = kind_;
  event.index = next_ - 1;
  sink.take(event);
}

void StreamDecoder::fail(UpstreamFault fault, EventSink& sink) {
  failed_ = true;
  fault_ = std::move(fault);
  hub::send_fault(fault_, sink);
}

Result<void> StreamDecoder::finish(EventSink& sink) {
  if (!ended_ && !failed_) feed("\n\n", sink);
  if (failed_) return steelyard::fail(to_error(fault_, 200));
  if (!ended_)
    return steelyard::fail(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::next_target,
                           "the provider's stream ended without message_stop");
  return {};
}

}  // namespace steelyard::dialect::anthropic
