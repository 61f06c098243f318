#include "gateway/dialect/responses_encode.h"

#include <charconv>

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/openai_annotation.h"
#include "gateway/dialect/responses_errors.h"

namespace steelyard::dialect::responses {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

namespace {

// A call that Gemini signed: its signature travels as a reasoning item of its own, before it.
void send_signature_of_call(const Event& call, hub::EventSink& sink) {
  std::string carrier;
  hub::append_gemini_carrier(carrier, hub::SignatureOf::call, call.signature);
  Event event;
  event.block = BlockKind::thinking;
  event.kind = EventKind::open;
  sink.take(event);
  event.kind = EventKind::delta;
  event.delta = DeltaKind::signature;
  event.text = carrier;
  sink.take(event);
  event.kind = EventKind::close;
  sink.take(event);
}

}  // namespace

PieceWriter StreamEncoder::begin(std::string_view type) {
  out_->append("event: ").append(type).append("\ndata: ");
  PieceWriter json(*out_);
  json.open('{').field("type", type).field_number("sequence_number", sequence_++);
  return json;
}

void StreamEncoder::finish() {
  out_->append("}\n\n");
}

void StreamEncoder::take(const Event& event) {
  if (event.choice != 0 || over_) return;
  switch (event.kind) {
    case EventKind::start: output_.take(event); return start();
    case EventKind::open:
      if (!started_) start();
      if (!event.signature.empty()) send_signature_of_call(event, *this);
      output_.take(event);
      return open();
    case EventKind::delta: output_.take(event); return delta(event);
    case EventKind::close: output_.take(event); return close();
    case EventKind::citation: return cite(event);
    case EventKind::usage:
    case EventKind::stop: return output_.take(event);
    case EventKind::ping: out_->append(": ping\n\n"); return;
    case EventKind::fault: return end(Status::failed, event.fault);
    case EventKind::end: return end(output_.final_status(), nullptr);
  }
}

void StreamEncoder::start() {
  started_ = true;
  for (const std::string_view type : {"response.created", "response.in_progress"}) {
    PieceWriter json = begin(type);
    json.key("response");
    output_.write(json, Status::in_progress);
    finish();
  }
}

void StreamEncoder::open() {
  const Item& item = output_.item();
  part_open_ = said_ = false;
  delta_before_.clear();
  if (!item.shown) return;
  PieceWriter json = begin("response.output_item.added");
  json.field_number("output_index", output_.index()).key("item");
  output_.write_item(json, false);
  finish();
  if (item.kind == BlockKind::text || item.kind == BlockKind::refusal)
    begin_part("response.content_part.added");
}

// The part of a message, or of a summary, empty or whole.
void StreamEncoder::part(PieceWriter& json, bool whole) const {
  const Item& item = output_.item();
  const std::string_view text = whole ? std::string_view(item.text) : std::string_view();
  json.key("part");
  if (item.kind != BlockKind::thinking) return output_.write_part(json, whole);
  json.open('{').field("type", "summary_text").field("text", text).close('}');
}

void StreamEncoder::begin_part(std::string_view type) {
  PieceWriter json = begin(type);
  json.field("item_id", output_.item().id).field_number("output_index", output_.index());
  json.field_number(output_.item().kind == BlockKind::thinking ? "summary_index" : "content_index",
                    0);
  part(json, type.ends_with(".done"));
  finish();
}

void StreamEncoder::delta(const Event& event) {
  const Item& item = output_.item();
  // The input of a custom tool is known once its JSON is whole.
  const bool empty = event.text.empty() && event.raw.empty();
  if (!item.shown || event.delta != DeltaKind::text || empty || item.custom) return;
  if (item.kind == BlockKind::thinking && !part_open_) {
    part_open_ = true;
    begin_part("response.reasoning_summary_part.added");
  }
  said_ = true;
  if (delta_before_.empty()) frame_deltas();
  char digits[24];
  const auto done = std::to_chars(digits, digits + sizeof digits, sequence_++);
  out_->append(delta_before_).append(digits, static_cast<std::size_t>(done.ptr - digits));
  out_->append(delta_middle_).append(event.text);
  if (event.raw.empty() || item.kind != BlockKind::text)
    out_->append(delta_behind_);
  else
    out_->append("\",\"logprobs\":").append(event.raw).append("}\n\n");
}

void StreamEncoder::cite(const Event& event) {
  const Item& item = output_.item();
  PieceWriter json = begin("response.output_text.annotation.added");
  json.field("item_id", item.id).field_number("output_index", output_.index());
  json.field_number("content_index", 0).field_number("annotation_index", item.annotated);
  json.key("annotation");
  openai::write_responses_annotation(json, *event.citation);
  finish();
  output_.take(event);
}

// What all deltas of an item share is written once.
void StreamEncoder::frame_deltas() {
  const Item& item = output_.item();
  std::string_view type = "response.output_text.delta", index = "content_index";
  switch (item.kind) {
    case BlockKind::thinking:
      type = "response.reasoning_summary_text.delta";
      index = "summary_index";
      break;
    case BlockKind::refusal: type = "response.refusal.delta"; break;
    case BlockKind::tool_call: type = "response.function_call_arguments.delta"; break;
    default: break;
  }
  delta_before_.assign("event: ").append(type).append("\ndata: ");
  PieceWriter(delta_before_).open('{').field("type", type).key("sequence_number");
  delta_middle_ = ",";
  PieceWriter json(delta_middle_);
  json.key("item_id").escaped(item.id).field_number("output_index", output_.index());
  if (item.kind != BlockKind::tool_call) json.field_number(index, 0);
  json.key("delta");
  delta_middle_ += '"';
  delta_behind_ =
      item.kind == BlockKind::text ? std::string_view("\",\"logprobs\":[]}\n\n") : "\"}\n\n";
}

void StreamEncoder::close_text() {
  const Item& item = output_.item();
  const bool thoughts = item.kind == BlockKind::thinking;
  if (thoughts && !part_open_) return;
  PieceWriter json = begin(thoughts ? "response.reasoning_summary_text.done"
                           : item.kind == BlockKind::refusal ? "response.refusal.done"
                                                             : "response.output_text.done");
  json.field("item_id", item.id).field_number("output_index", output_.index());
  json.field_number(thoughts ? "summary_index" : "content_index", 0);
  json.field(item.kind == BlockKind::refusal ? "refusal" : "text", item.text);
  if (item.kind == BlockKind::text) {
    json.key("logprobs").open('[');
    if (!item.logprobs.empty()) json.raw(item.logprobs);
    json.close(']');
  }
  finish();
  begin_part(thoughts ? "response.reasoning_summary_part.done" : "response.content_part.done");
}

void StreamEncoder::close_call() {
  const Item& item = output_.item();
  // Clients put arguments together from deltas only.
  if (!said_ && !item.text.empty()) {
    PieceWriter json = begin(item.custom ? "response.custom_tool_call_input.delta"
                                         : "response.function_call_arguments.delta");
    json.field("item_id", item.id).field_number("output_index", output_.index());
    json.field("delta", item.text);
    finish();
  }
  PieceWriter json = begin(item.custom ? "response.custom_tool_call_input.done"
                                       : "response.function_call_arguments.done");
  json.field("item_id", item.id).field_number("output_index", output_.index());
  if (!item.custom) json.field("name", item.name);
  json.field(item.custom ? "input" : "arguments", item.text);
  finish();
}

void StreamEncoder::close() {
  const Item& item = output_.item();
  if (!item.shown) return;
  if (item.kind == BlockKind::tool_call)
    close_call();
  else if (item.kind != BlockKind::redacted_thinking)
    close_text();
  PieceWriter json = begin("response.output_item.done");
  json.field_number("output_index", output_.index()).key("item");
  output_.write_item(json, true);
  finish();
}

void StreamEncoder::end(Status status, const UpstreamFault* fault) {
  over_ = true;
  if (!started_) start();
  if (status == Status::failed && fault != nullptr) {
    PieceWriter json = begin("error");
    json.key("code").text(code_of(*fault)).key("message").text(message_of(*fault));
    json.field_raw("param", "null");
    finish();
  }
  PieceWriter json = begin(status == Status::completed    ? "response.completed"
                           : status == Status::incomplete ? "response.incomplete"
                                                          : "response.failed");
  json.key("response");
  output_.write(json, status, fault);
  finish();
}

void ResponseWriter::take(const Event& event) {
  if (event.choice != 0) return;
  if (event.kind == EventKind::open && !event.signature.empty())
    send_signature_of_call(event, *this);
  output_.take(event);
  if (event.kind == EventKind::end) complete_ = true;
}

void ResponseWriter::write(std::string& out) const {
  PieceWriter json(out);
  output_.write(json, output_.final_status());
}

}  // namespace steelyard::dialect::responses
