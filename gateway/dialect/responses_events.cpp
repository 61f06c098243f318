#include "gateway/dialect/responses_events.h"

#include <algorithm>

#include "gateway/dialect/hub_send.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_usage.h"
#include "gateway/dialect/server_tools.h"

namespace steelyard::dialect::responses {
namespace {

using hub::BlockKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;
using hub::StopReason;

enum EventType {
  kCreated,
  kItemAdded,
  kItemDone,
  kText,
  kRefusal,
  kSummary,
  kReasoning,
  kArguments,
  kCustomInput,
  kCompleted,
  kIncomplete,
  kFailed,
  kCancelled,
  kError,
  kKeepAlive,
  kInProgress
};
// Not a KeyTable: several agree in their first and last eight bytes.
constexpr std::string_view kTypes[] = {"response.created",
                                       "response.output_item.added",
                                       "response.output_item.done",
                                       "response.output_text.delta",
                                       "response.refusal.delta",
                                       "response.reasoning_summary_text.delta",
                                       "response.reasoning_text.delta",
                                       "response.function_call_arguments.delta",
                                       "response.custom_tool_call_input.delta",
                                       "response.completed",
                                       "response.incomplete",
                                       "response.failed",
                                       "response.cancelled",
                                       "error",
                                       "keepalive",
                                       "response.in_progress"};

int type_named(std::string_view name) {
  for (int i = 0; i < static_cast<int>(std::size(kTypes)); ++i)
    if (kTypes[i] == name) return i;
  return -1;
}

enum TopKey {
  kType,
  kOutputIndex,
  kContentIndex,
  kSummaryIndex,
  kDelta,
  kItem,
  kResponse,
  kSequence,
  kErrorValue,
  kLogprobs
};
constexpr KeyTable kTop(key_names("type", "output_index", "content_index", "summary_index", "delta",
                                  "item", "response", "sequence_number", "error", "logprobs"));
enum ResponseKey {
  kId,
  kModel,
  kStatus,
  kFault,
  kDetails,
  kUsage,
  kOutput,
  kTier,
  kObject,
  kModeration,
  kTransformations
};
constexpr KeyTable kResponseKeys(key_names("id", "model", "status", "error", "incomplete_details",
                                           "usage", "output", "service_tier", "object",
                                           "moderation", "input_transformations"));
constexpr KeyTable kReason(key_names("reason"));

struct ResponseFacts {
  std::string_view id, model, status, reason, tier, object, fault, output;  // the last two raw
  ReportedUsage usage;
  bool moderated = false, transformed = false;
};

bool read_facts(std::string_view json, ResponseFacts& out) {
  LenientReader reader(json);
  if (reader.cursor.peek() != '{') return false;
  return reader.object(kResponseKeys, [&](int key) {
    switch (key) {
      case kId: return reader.text(out.id);
      case kModel: return reader.text(out.model);
      case kStatus: return reader.text(out.status);
      case kFault: return reader.cursor.take_raw(out.fault);
      case kDetails:
        return reader.object(kReason, [&](int inner) {
          return inner == 0 ? reader.text(out.reason) : reader.cursor.skip_value();
        });
      case kUsage: return openai::read_usage(reader, out.usage);
      case kOutput: return reader.cursor.take_raw(out.output);
      case kTier: return reader.text(out.tier);
      case kObject: return reader.text(out.object);
      case kModeration: return reader.pass(out.moderated);
      case kTransformations: return reader.pass(out.transformed);
      default: return reader.cursor.skip_value();
    }
  });
}

StopReason stop_of(const ResponseFacts& facts, bool calls) {
  if (facts.status == "incomplete" || !facts.reason.empty()) {
    if (facts.reason == "content_filter") return StopReason::refusal;
    return facts.reason.starts_with("max_") ? StopReason::length : StopReason::other;
  }
  return calls ? StopReason::tool : StopReason::end;
}

// A stream's first event names the tier that was asked for, its last one the one that served.
bool tier_came_late(std::string_view asked, std::string_view served) {
  return served != asked && !served.empty() && served != "default" && served != "auto";
}

// All items of a finished response, then usage, stop and end. False: a call has no name, and the
// stream is `strict`; then stop and end are missing.
bool send_rest(const ResponseFacts& facts, std::string_view asked_tier, bool strict,
               ItemBlocks& blocks, EventSink& sink) {
  LenientReader reader(facts.output.empty() ? "[]" : facts.output);
  std::uint32_t index = 0;
  std::string ids;
  std::int64_t searches = 0;
  reader.array([&] {
    std::string_view raw;
    ItemFacts item;
    if (!reader.cursor.take_raw(raw)) return false;
    if (read_item(raw, item)) blocks.whole(index, item, sink);
    if (!item.id.empty()) ids.append(item.id).append("\n");
    searches += hub::is_billed_search(item.type, raw);
    ++index;
    return true;
  });
  blocks.finish(sink);
  ReportedUsage usage = facts.usage;
  usage.web_searches = searches;
  hub::send_usage(usage, sink);
  if (strict && blocks.nameless()) return false;
  hub::send_stop(stop_of(facts, blocks.calls()), {}, 0, sink);
  hub::Dropped lost = blocks.lost();
  if (tier_came_late(asked_tier, facts.tier)) lost.add(hub::Loss::service_tier);
  if (facts.moderated) lost.add(hub::Loss::safety);
  if (facts.transformed) lost.add(hub::Loss::thinking);
  hub::send_end(lost, ids, sink);
  return true;
}

UpstreamFault fault_in(std::string_view raw_error) {
  std::string document = "{\"error\":";
  document.append(raw_error.empty() ? "null" : raw_error).append("}");
  UpstreamFault fault = openai::parse_error(200, document);
  if (!fault) fault.cls = FaultClass::server;
  return fault;
}

bool is_failure(const ResponseFacts& facts) {
  return facts.status == "failed" || facts.status == "cancelled";
}

}  // namespace

bool read_response(std::string_view body, EventSink& sink) {
  ResponseFacts facts;
  if (!read_facts(body, facts)) return false;
  const bool answer = facts.output.starts_with('[');
  const bool wrong = !facts.fault.empty() && facts.fault != "null";
  if (!answer && !wrong && !is_failure(facts)) return false;
  if (wrong || is_failure(facts)) {
    const UpstreamFault fault = fault_in(facts.fault);
    hub::send_fault(fault, sink);
    return true;
  }
  hub::send_start(facts.id, facts.model, facts.tier, sink);
  ItemBlocks blocks;
  return send_rest(facts, facts.tier, false, blocks, sink);
}

struct StreamDecoder::Document {
  // Type and delta escaped, the others raw.
  std::string_view type, delta, item, response, error, logprobs;
  std::int64_t output_index = 0, content_index = 0, summary_index = 0;
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
  if (ended_ || failed_ || data == "[DONE]") return;  // OpenRouter ends like Chat
  Document d;
  LenientReader reader(data);
  bool given = false;
  const bool ok = reader.cursor.peek() == '{' && reader.object(kTop, [&](int key) {
    switch (key) {
      case kType: return reader.text(d.type);
      case kOutputIndex: return reader.integer(d.output_index, given);
      case kContentIndex: return reader.integer(d.content_index, given);
      case kSummaryIndex: return reader.integer(d.summary_index, given);
      case kSequence: return reader.integer(sequence_, given);
      case kDelta: return reader.text(d.delta);
      case kItem: return reader.cursor.take_raw(d.item);
      case kResponse: return reader.cursor.take_raw(d.response);
      case kErrorValue: return reader.cursor.take_raw(d.error);
      case kLogprobs: return reader.cursor.take_raw(d.logprobs);
      default: return reader.cursor.skip_value();
    }
  });
  if (!ok) {
    ++unparsed_;
    if (strict_ && data.starts_with('{')) fail(garbled_fault(), sink);
    return;
  }
  const auto index =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.output_index, 0, 65'535));
  ItemFacts item;
  const int type = type_named(d.type);
  if (type >= kItemAdded && type <= kCustomInput) start({}, sink);
  switch (type) {
    case kCreated:
    case kInProgress: return start(d.response, sink);
    case kItemAdded:
      if (!d.item.empty() && read_item(d.item, item)) blocks_.begin(index, item, sink);
      return;
    case kItemDone:
      if (!d.item.empty() && read_item(d.item, item)) blocks_.whole(index, item, sink);
      return;
    case kText: return piece(d, BlockKind::text, d.content_index, sink);
    case kRefusal: return piece(d, BlockKind::refusal, d.content_index, sink);
    case kSummary: return piece(d, BlockKind::thinking, d.summary_index, sink);
    case kReasoning: return piece(d, BlockKind::thinking, d.content_index, sink);
    case kArguments:
    case kCustomInput: return piece(d, BlockKind::tool_call, 0, sink);
    case kCompleted:
    case kIncomplete:
    case kFailed:
    case kCancelled: return end(d.response, sink);
    case kError: return fail(openai::parse_error(200, data), sink);
    case kKeepAlive: {
      Event event;
      event.kind = EventKind::ping;
      return sink.take(event);
    }
    default: break;
  }
  // Some proxies say what went wrong in Chat's way.
  if (d.type.empty() && !d.error.empty() && d.error != "null") fail(fault_in(d.error), sink);
}

void StreamDecoder::start(std::string_view response, EventSink& sink) {
  if (started_) return;
  started_ = true;
  ResponseFacts facts;
  read_facts(response, facts);
  id_ = facts.id;
  tier_ = facts.tier;
  hub::send_start(facts.id, facts.model, facts.tier, sink);
}

void StreamDecoder::piece(const Document& d, BlockKind kind, std::int64_t part, EventSink& sink) {
  const auto index =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.output_index, 0, 65'535));
  const auto at = static_cast<std::uint32_t>(std::clamp<std::int64_t>(part, 0, 65'535));
  blocks_.piece(index, kind, at, d.delta, d.logprobs, sink);
}

void StreamDecoder::end(std::string_view response, EventSink& sink) {
  ResponseFacts facts;
  read_facts(response, facts);
  if (id_.empty()) id_ = facts.id;
  const bool wrong = !facts.fault.empty() && facts.fault != "null";
  if (wrong || is_failure(facts)) return fail(fault_in(facts.fault), sink);
  if (!started_) start(response, sink);
  if (!send_rest(facts, tier_, strict_, blocks_, sink)) return fail(nameless_fault(), sink);
  ended_ = true;
}

void StreamDecoder::fail(UpstreamFault fault, EventSink& sink) {
  failed_ = true;
  fault_ = std::move(fault);
  if (!fault_) fault_.cls = FaultClass::server;
  hub::send_fault(fault_, sink);
}

Result<void> StreamDecoder::finish(EventSink& sink) {
  if (!ended_ && !failed_) feed("\n\n", sink);
  if (failed_) return steelyard::fail(to_error(fault_, 200));
  if (ended_) return {};
  return steelyard::fail(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::next_target,
                         "the provider's stream ended without response.completed");
}

}  // namespace steelyard::dialect::responses
