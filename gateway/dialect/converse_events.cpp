#include "gateway/dialect/converse_events.h"

#include "gateway/dialect/converse_block.h"
#include "gateway/dialect/converse_errors.h"
#include "gateway/dialect/hub_send.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::converse {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;

// Payloads of all kinds of events, in one reading.
struct StreamDecoder::Document {
  std::int64_t index = 0;
  Block block;  // of `start` or `delta`
  std::string_view stop, tier;
  ReportedUsage usage;
};

void StreamDecoder::feed(std::string_view bytes, EventSink& sink) {
  AwsFrame frame;
  for (;;) {
    switch (frames_.next(bytes, frame)) {
      case AwsFrames::Status::frame: take(frame, sink); break;
      case AwsFrames::Status::need_more: return;
      case AwsFrames::Status::broken:
        return fail({FaultClass::server,
                     std::string("the provider's stream is damaged: ") + frames_.fault(),
                     {},
                     {}},
                    sink);
    }
  }
}

void StreamDecoder::take(const AwsFrame& frame, EventSink& sink) {
  if (failed_ || ended_) return;
  if (frame.message_type == "exception")
    return fail(stream_fault(frame.exception_type, frame.payload), sink);
  if (frame.message_type == "error") {
    UpstreamFault fault{
        FaultClass::server, std::string(frame.error_message), {}, std::string(frame.error_code)};
    return fail(std::move(fault), sink);
  }
  constexpr KeyTable kKeys(key_names("contentBlockIndex", "start", "delta", "stopReason", "usage",
                                     "trace", "additionalModelResponseFields", "serviceTier"));
  Document d;
  LenientReader reader(frame.payload);
  bool ignored = false;
  const bool ok = reader.object(kKeys, [&](int key) {
    switch (key) {
      case 0: return reader.integer(d.index, ignored);
      case 1:
      case 2: return read_block(reader, d.block);
      case 3: return reader.text(d.stop);
      case 4: return read_usage(reader, d.usage);
      case 5: return lose(reader, hub::Loss::safety, lost_);
      case 6: return lose(reader, hub::Loss::fields, lost_);
      case 7: return read_tier(reader, d.tier);
      default: return reader.cursor.skip_value();
    }
  });
  if (!ok) return fail(garbled_fault(), sink);
  const std::string_view type = frame.event_type;
  start(sink);
  if (type == "contentBlockStart") {
    close(sink);
    index_ = d.index;
    if (d.block.is_other)
      open(BlockKind::native, {}, {}, sink);
    else if (d.block.is_tool)
      open(BlockKind::tool_call, d.block.id, d.block.name, sink);
  } else if (type == "contentBlockDelta") {
    delta(d, sink);
  } else if (type == "contentBlockStop") {
    if (open_ && index_ == d.index) close(sink);
  } else if (type == "messageStop") {
    close(sink);
    if (!stopped_) hub::send_stop(stop_named(d.stop), {}, 0, sink);
    stopped_ = true;
  } else if (type == "metadata") {
    hub::send_usage(d.usage, sink);
    // The answer began before this was known.
    if (!d.tier.empty() && d.tier != "default") lost_.add(hub::Loss::service_tier);
    if (stopped_) end(sink);
  }
}

void StreamDecoder::start(EventSink& sink) {
  if (started_) return;
  started_ = true;
  hub::send_start(options_.id, options_.model, {}, sink);
}

void StreamDecoder::open(BlockKind kind, std::string_view id, std::string_view name,
                         EventSink& sink) {
  close(sink);
  open_ = true;
  kind_ = kind;
  Event event;
  event.kind = EventKind::open;
  event.block = kind;
  event.index = next_++;
  event.id = id;
  event.name = name;
  sink.take(event);
}

void StreamDecoder::ensure_open(BlockKind kind, std::int64_t index, EventSink& sink) {
  if (open_ && kind_ == kind && index_ == index) return;
  index_ = index;
  open(kind, {}, {}, sink);
}

void StreamDecoder::delta(const Document& d, EventSink& sink) {
  const Block& block = d.block;
  const bool inside = open_ && kind_ == BlockKind::native && index_ == d.index;
  if (stopped_ || inside) return;
  if (block.is_other) {
    ensure_open(BlockKind::native, d.index, sink);
    return;
  }
  if (block.is_tool) {
    std::string_view pieces;
    LenientReader(block.input).text(pieces);
    const bool begun = open_ && kind_ == BlockKind::tool_call && index_ == d.index;
    if (begun) return say(DeltaKind::text, pieces, sink);
    if (pieces.empty()) return;
    lost_.add(hub::Loss::tool_arguments);
    const bool late = kind_ == BlockKind::tool_call && index_ == d.index;
    if (!late) fail(nameless_fault(), sink);
    return;
  }
  if (block.is_text) {
    ensure_open(BlockKind::text, d.index, sink);
    return say(DeltaKind::text, block.text, sink);
  }
  if (!block.citation.empty()) return send_citation(block.citation, sink);
  if (!block.is_reasoning) return;
  if (!block.redacted.empty()) {
    close(sink);
    index_ = d.index;
    kind_ = BlockKind::redacted_thinking;
    open_ = true;
    Event event;
    event.kind = EventKind::open;
    event.block = kind_;
    event.index = next_++;
    event.text = block.redacted;
    sink.take(event);
    return;
  }
  ensure_open(BlockKind::thinking, d.index, sink);
  say(DeltaKind::text, block.reasoning, sink);
  say(DeltaKind::signature, block.signature, sink);
}

void StreamDecoder::say(DeltaKind kind, std::string_view text, EventSink& sink) {
  send(sink, EventKind::delta, kind_, next_ - 1, text, kind);
}

void StreamDecoder::close(EventSink& sink) {
  if (!open_) return;
  open_ = false;
  send(sink, EventKind::close, kind_, next_ - 1);
}

void StreamDecoder::end(EventSink& sink) {
  ended_ = true;
  hub::send_end(lost_, {}, sink);
}

void StreamDecoder::fail(UpstreamFault fault, EventSink& sink) {
  if (failed_ || ended_) return;
  failed_ = true;
  fault_ = std::move(fault);
  hub::send_fault(fault_, sink);
}

Result<void> StreamDecoder::finish(EventSink& sink) {
  if (failed_) return steelyard::fail(to_error(fault_, 200));
  if (ended_) return {};
  if (stopped_ && frames_.at_rest()) {  // no metadata came
    end(sink);
    return {};
  }
  return steelyard::fail(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::next_target,
                         "the provider's stream ended without messageStop");
}

}  // namespace steelyard::dialect::converse
