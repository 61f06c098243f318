#include "gateway/dialect/anthropic_events.h"

#include "gateway/dialect/anthropic_block.h"
#include "gateway/dialect/hub_send.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/openai_response.h"

namespace steelyard::dialect::anthropic {
namespace {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;
using hub::StopReason;

enum EventType {
  kMessageStart,
  kBlockStart,
  kBlockDelta,
  kBlockStop,
  kMessageDelta,
  kMessageStop,
  kPing,
  kError
};
constexpr KeyTable kEventTypes(key_names("message_start", "content_block_start",
                                         "content_block_delta", "content_block_stop",
                                         "message_delta", "message_stop", "ping", "error"));
enum TopKey { kType, kMessage, kContentBlock, kDelta, kUsage, kEdits, kIndex };
constexpr KeyTable kTop(key_names("type", "message", "content_block", "delta", "usage",
                                  "context_management", "index"));
enum DeltaKey {
  kDeltaType,
  kText,
  kPartialJson,
  kThinking,
  kSignature,
  kCitation,
  kStop,
  kStopSequence,
  kStopDetails,
  kContainer
};
constexpr KeyTable kDeltaKeys(key_names("type", "text", "partial_json", "thinking", "signature",
                                        "citation", "stop_reason", "stop_sequence", "stop_details",
                                        "container"));
enum MessageKey {
  kMessageType,
  kId,
  kModel,
  kContent,
  kMessageUsage,
  kMessageStopReason,
  kMessageStopSequence,
  kTier,
  kMessageDetails,
  kMessageContainer,
  kMessageEdits,
  kTransformations
};
constexpr KeyTable kMessageKeys(key_names("type", "id", "model", "content", "usage", "stop_reason",
                                          "stop_sequence", "service_tier", "stop_details",
                                          "container", "context_management",
                                          "input_transformations"));
constexpr KeyTable kDetailKeys(key_names("explanation", "type"));
constexpr KeyTable kEditKeys(key_names("applied_edits"));
constexpr KeyTable kTierOnly(key_names("service_tier"));

constexpr KeyTable kStops(key_names("end_turn", "tool_use", "max_tokens", "stop_sequence",
                                    "model_context_window_exceeded", "refusal", "pause_turn",
                                    "compaction"));
constexpr StopReason kStopOf[] = {
    StopReason::end,          StopReason::tool,    StopReason::length, StopReason::stop_string,
    StopReason::context_full, StopReason::refusal, StopReason::pause,  StopReason::pause};

// What both a stream's first event and a whole answer hold.
struct MessageFacts {
  std::string_view type, id, model, stop, stop_sequence, content, tier;
  std::string_view explanation;  // of a refusal
  hub::Dropped lost;
  bool has_content = false;
};

bool lose(LenientReader& reader, hub::Loss loss, hub::Dropped& lost) {
  bool said = false;
  if (!reader.pass(said)) return false;
  if (said) lost.add(loss);
  return true;
}

bool read_stop_details(LenientReader& reader, MessageFacts& out) {
  return reader.object(kDetailKeys, [&](int key) {
    if (key == 0) return reader.text(out.explanation);
    return key == 1 ? reader.cursor.skip_value() : lose(reader, hub::Loss::refusal, out.lost);
  });
}

// What of the conversation was left out on the way in.
bool read_edits(LenientReader& reader, hub::Dropped& lost) {
  return reader.object(kEditKeys, [&](int key) {
    return key == 0 ? lose(reader, hub::Loss::fields, lost) : reader.cursor.skip_value();
  });
}

bool read_message_object(LenientReader& reader, std::string_view text, MessageFacts& out,
                         Usage& usage) {
  return reader.object(kMessageKeys, [&](int key) {
    switch (key) {
      case kMessageType: return reader.text(out.type);
      case kId: return reader.text(out.id);
      case kModel: return reader.text(out.model);
      case kContent: {
        out.has_content = reader.cursor.peek() == '[';
        return reader.cursor.take_raw(out.content);
      }
      case kMessageUsage: {
        const std::size_t begin = reader.cursor.offset();
        if (!read_usage(reader, usage)) return false;
        LenientReader again(text.substr(begin, reader.cursor.end_of_previous() - begin));
        return again.object(kTierOnly, [&](int k) {
          return k == 0 ? again.text(out.tier) : again.cursor.skip_value();
        });
      }
      case kMessageStopReason: return reader.text(out.stop);
      case kMessageStopSequence: return reader.text(out.stop_sequence);
      case kMessageDetails: return read_stop_details(reader, out);
      case kMessageContainer: return lose(reader, hub::Loss::native_parts, out.lost);
      case kMessageEdits: return read_edits(reader, out.lost);
      case kTransformations: return lose(reader, hub::Loss::thinking, out.lost);
      default: return reader.cursor.skip_value();
    }
  });
}

// Why it refused, as a block of its own: other dialects have a place for it there.
void send_refusal(std::string_view explanation, std::uint32_t index, EventSink& sink) {
  Event event;
  event.block = BlockKind::refusal;
  event.index = index;
  for (const EventKind kind : {EventKind::open, EventKind::delta, EventKind::close}) {
    event.kind = kind;
    event.text = kind == EventKind::delta ? explanation : std::string_view();
    sink.take(event);
  }
}

}  // namespace

StopReason stop_named(std::string_view name) {
  if (name.empty()) return StopReason::none;
  const int known = kStops.find(name);
  return known >= 0 ? kStopOf[known] : StopReason::other;
}

std::string_view name_of(StopReason stop) {
  switch (stop) {
    case StopReason::tool: return "tool_use";
    case StopReason::length: return "max_tokens";
    case StopReason::stop_string: return "stop_sequence";
    case StopReason::context_full: return "model_context_window_exceeded";
    case StopReason::refusal: return "refusal";
    case StopReason::pause: return "pause_turn";
    default: return "end_turn";
  }
}

bool read_message(std::string_view body, EventSink& sink) {
  LenientReader reader(body);
  MessageFacts facts;
  Usage usage;
  if (reader.cursor.peek() != '{' || !read_message_object(reader, body, facts, usage)) return false;
  if (facts.type == "error" || !facts.has_content) {
    const UpstreamFault fault = openai::parse_error(200, body);
    hub::send_fault(fault, sink);
    return true;
  }
  hub::send_start(facts.id, facts.model, facts.tier, sink);
  const std::uint32_t blocks = send_blocks(facts.content, sink);
  if (!facts.explanation.empty()) send_refusal(facts.explanation, blocks, sink);
  hub::send_usage(reported(usage), sink);
  hub::send_stop(stop_named(facts.stop), facts.stop_sequence, 0, sink);
  hub::send_end(facts.lost, {}, sink);
  return true;
}

struct StreamDecoder::Document {
  std::string_view text;
  std::int64_t index = -1;  // not said: of the open block
  std::string_view block;   // raw content_block
  std::string_view delta[kDeltaKeys.size()];
  std::string_view citation;
  MessageFacts message;
};

void StreamDecoder::feed(std::string_view bytes, EventSink& sink) {
  SseEvent event;
  for (;;) {
    switch (sse_.next(bytes, event)) {
      case SseDecoder::Status::event: take(event.data, sink); break;
      case SseDecoder::Status::need_more: return;
      case SseDecoder::Status::too_long:
        if (failed_) return;
        return fail(too_long_fault(), sink);
    }
  }
}

void StreamDecoder::take(std::string_view data, EventSink& sink) {
  if (ended_ || failed_ || data == "[DONE]") return;  // some imitations end like OpenAI
  if (take_known(data, sink)) return;
  Document d;
  d.text = data;
  std::string_view type;
  LenientReader reader(data);
  bool given = false;
  const bool ok = reader.cursor.peek() == '{' && reader.object(kTop, [&](int key) {
    switch (key) {
      case kType: return reader.text(type);
      case kMessage: return read_message_object(reader, data, d.message, usage_);
      case kUsage: return read_usage(reader, usage_);
      case kContentBlock: return reader.cursor.take_raw(d.block);
      case kEdits: return read_edits(reader, lost_);
      case kIndex: return reader.integer(d.index, given);
      case kDelta:
        return reader.object(kDeltaKeys, [&](int k) {
          if (k < 0) return reader.cursor.skip_value();
          if (k == kStopDetails) return read_stop_details(reader, d.message);
          if (k == kContainer) return lose(reader, hub::Loss::native_parts, lost_);
          if (k != kCitation) return reader.text(d.delta[k]);
          return reader.cursor.take_raw(d.citation);
        });
      default: return reader.cursor.skip_value();
    }
  });
  if (!ok) {
    ++unparsed_;
    if (strict_ && data.starts_with('{')) fail(garbled_fault(), sink);
    return;
  }
  switch (kEventTypes.find(type)) {
    case kMessageStart: return start(d, sink);
    case kBlockStart: return open(d, sink);
    case kBlockDelta: return delta(d, sink);
    case kBlockStop: return stop(d, sink);
    case kMessageDelta:
      close_all(sink);
      lost_.add(d.message.lost);
      if (!d.message.explanation.empty()) send_refusal(d.message.explanation, next_++, sink);
      hub::send_usage(reported(usage_), sink);
      if (!d.delta[kStop].empty())
        hub::send_stop(stop_named(d.delta[kStop]), d.delta[kStopSequence], 0, sink);
      return;
    case kMessageStop:
      close_all(sink);
      ended_ = true;
      return hub::send_end(lost_, {}, sink);
    case kPing: return sink.take({});
    case kError: return fail(openai::parse_error(200, data), sink);
    default: return;
  }
}

bool StreamDecoder::take_known(std::string_view data, EventSink& sink) {
  if (!open_) return false;
  Event event;
  event.text = memo_.words_of(data);
  if (event.text.empty()) return false;
  event.kind = EventKind::delta;
  event.block = kind_;
  event.index = next_ - 1;
  sink.take(event);
  return true;
}

void StreamDecoder::start(const Document& d, EventSink& sink) {
  if (started_) return;  // seen twice in the wild: the second would begin a second answer
  started_ = true;
  lost_.add(d.message.lost);
  hub::send_start(d.message.id, d.message.model, d.message.tier, sink);
  hub::send_usage(reported(usage_), sink);
}

void StreamDecoder::start(EventSink& sink) {
  if (!started_) start(Document(), sink);
}

void StreamDecoder::open(const Document& d, EventSink& sink) {
  const bool beside = open_ && kind_ == BlockKind::tool_call && d.index >= 0 && d.index != index_;
  if (beside && d.block.find("\"tool_use\"") != std::string_view::npos) {
    waiting_.push_back({d.index, std::string(d.block), {}, false});
    return;
  }
  close_all(sink);
  begin(d.block, d.index, sink);
}

// One call after the other for who reads them: those that wait follow, as far as they came.
void StreamDecoder::stop(const Document& d, EventSink& sink) {
  if (Waiting* const one = waiting(d.index)) {
    one->stopped = true;
    return;
  }
  close(sink);
  while (!open_ && !waiting_.empty()) {
    const Waiting one = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    begin(one.block, one.index, sink);
    Event event;
    event.kind = EventKind::delta;
    event.block = kind_;
    event.index = next_ - 1;
    event.text = one.arguments;
    if (open_ && !event.text.empty()) sink.take(event);
    if (one.stopped) close(sink);
  }
}

void StreamDecoder::close_all(EventSink& sink) {
  const Document nothing;
  do stop(nothing, sink);
  while (open_);
}

void StreamDecoder::delta(const Document& d, EventSink& sink) {
  if (Waiting* const one = waiting(d.index)) {
    one->arguments += d.delta[kPartialJson];
    return;
  }
  const bool whole = kind_ == BlockKind::native || kind_ == BlockKind::redacted_thinking;
  if (whole && (d.index < 0 || d.index == index_)) return;  // passed on as it began
  Event event;
  event.kind = EventKind::delta;
  event.block = kind_;
  const std::string_view type = d.delta[kDeltaType];
  if (type == "text_delta") {
    event.block = BlockKind::text;
    event.text = d.delta[kText];
  } else if (type == "thinking_delta") {
    event.block = BlockKind::thinking;
    event.text = d.delta[kThinking];
  } else if (type == "input_json_delta") {
    event.block = BlockKind::tool_call;
    event.text = d.delta[kPartialJson];
  } else if (type == "signature_delta") {
    event.block = BlockKind::thinking;
    event.delta = DeltaKind::signature;
    event.text = d.delta[kSignature];
  } else if (type == "citations_delta") {
    return send_citation(d.citation, sink);
  } else {
    return lost_.add(hub::Loss::native_parts);
  }
  if (!open_ || event.block != kind_) {
    if (event.text.empty()) return;
    if (event.block == BlockKind::tool_call) return nameless(d.index, sink);
    begin_unsaid(event.block, d.index, sink);
  }
  event.index = next_ - 1;
  sink.take(event);
  if (event.delta == DeltaKind::text) memo_.learn(d.text, event.text);
}

}  // namespace steelyard::dialect::anthropic
