// A whole message from events.
#include "gateway/dialect/anthropic_citation.h"
#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/anthropic_usage.h"
#include "gateway/dialect/hub_arguments.h"
#include "gateway/dialect/hub_carrier.h"

namespace steelyard::dialect::anthropic {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

void MessageWriter::take(const Event& event) {
  if (event.choice != 0) return;
  switch (event.kind) {
    case EventKind::start:
      id_ = event.id;
      model_ = options_.model.empty() ? event.name : options_.model;
      tier_ = event.tier;
      return;
    case EventKind::open: return open(event);
    case EventKind::delta:
      (event.delta == DeltaKind::signature ? signature_ : text_) += event.text;
      return;
    case EventKind::citation: {
      PieceWriter json(citations_, true);
      write_citation(json, *event.citation);
      return;
    }
    case EventKind::close: return close(event);
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop:
      stop_ = event.stop;
      stop_sequence_ = event.text;
      return;
    case EventKind::end: complete_ = true; return;
    case EventKind::ping:
    case EventKind::fault: return;
  }
}

void MessageWriter::open(const Event& event) {
  text_.clear();
  signature_.clear();
  citations_.clear();
  custom_ = event.custom_tool;
  if (event.block == BlockKind::native) return;  // another dialect's
  if (!content_.empty()) content_ += ',';
  if (!event.signature.empty()) {
    content_ += R"({"type":"thinking","thinking":"","signature":")";
    hub::append_gemini_carrier(content_, hub::SignatureOf::call, event.signature);
    content_ += "\"},";
  }
  PieceWriter json(content_);
  json.out() += '{';
  switch (event.block) {
    case BlockKind::thinking: json.field("type", "thinking"); break;
    case BlockKind::redacted_thinking:
      json.field("type", "redacted_thinking").field("data", event.text);
      break;
    case BlockKind::tool_call:
      json.field("type", "tool_use").field("id", event.id).field("name", event.name);
      break;
    default: json.field("type", "text");
  }
}

void MessageWriter::close(const Event& event) {
  if (event.block == BlockKind::native) return;
  PieceWriter json(content_, true);
  switch (event.block) {
    case BlockKind::thinking:
      json.field("thinking", text_);
      if (!signature_.empty()) json.field("signature", signature_);
      break;
    case BlockKind::tool_call:
      json.key("input");
      hub::write_answered_arguments(json, text_, custom_, false);
      break;
    case BlockKind::redacted_thinking: break;
    default:
      json.field("text", text_);
      if (!citations_.empty()) json.key("citations").open('[').raw(citations_).close(']');
  }
  json.close('}');
}

void MessageWriter::write(std::string& out) const {
  PieceWriter json(out);
  json.open('{').key("id").escaped(id_.starts_with("msg_") ? "" : "msg_",
                                   id_.empty() ? std::string_view("0") : id_);
  json.field("type", "message").field("role", "assistant").field("model", model_);
  json.key("content").open('[');
  if (!content_.empty()) json.raw(content_);
  json.close(']').field("stop_reason", name_of(stop_)).key("stop_sequence");
  if (stop_sequence_.empty())
    json.raw("null");
  else
    json.escaped(stop_sequence_);
  write_usage(json, normalise(usage_, options_.quirks), tier_);
  json.close('}');
}

}  // namespace steelyard::dialect::anthropic
