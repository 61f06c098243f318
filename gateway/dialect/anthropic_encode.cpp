#include "gateway/dialect/anthropic_encode.h"

#include "config/types/json_writer.h"
#include "gateway/dialect/anthropic_citation.h"
#include "gateway/dialect/anthropic_errors.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/anthropic_usage.h"
#include "gateway/dialect/hub_carrier.h"

namespace steelyard::dialect::anthropic {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

// Clients want ids that look like Anthropic's (strict parsers check the prefix).
void append_message_id(std::string& out, std::string_view id) {
  if (!id.starts_with("msg_")) out += "msg_";
  out += id.empty() ? std::string_view("0") : id;
}

void StreamEncoder::begin(std::string_view type) {
  out_->append("event: ").append(type).append("\ndata: {\"type\":\"").append(type).append("\"");
}

void StreamEncoder::finish() {
  out_->append("}\n\n");
}

void StreamEncoder::take(const Event& event) {
  if (event.choice != 0 || over_) return;
  switch (event.kind) {
    case EventKind::start: return start(event);
    case EventKind::open: return open(event);
    case EventKind::delta: return delta(event);
    case EventKind::close: return close(event);
    case EventKind::citation: return cite(*event.citation);
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop:
      stop_ = event.stop;
      stop_sequence_ = event.text;
      return;
    case EventKind::ping: out_->append("event: ping\ndata: {\"type\":\"ping\"}\n\n"); return;
    case EventKind::fault:
      over_ = true;
      if (event.fault != nullptr) write_sse_fault(*out_, *event.fault, options_.request_id);
      return;
    case EventKind::end: return end();
  }
}

void StreamEncoder::start(const Event& event) {
  started_ = true;
  begin("message_start");
  out_->append(",\"message\":");
  std::string& out = *out_;
  PieceWriter json(out);
  json.open('{').key("id").escaped("");
  out.pop_back();
  append_message_id(out, event.id);
  out += '"';
  json.field("type", "message").field("role", "assistant");
  json.field("model", options_.model.empty() ? event.name : options_.model);
  json.field_raw("content", "[]").field_raw("stop_reason", "null");
  json.field_raw("stop_sequence", "null");
  // Known later; Claude Code takes the figures of message_delta (research/wire 4.1).
  write_usage(json, normalise(usage_, options_.quirks), event.tier);
  json.close('}');
  finish();
}

void StreamEncoder::open(const Event& event) {
  if (!started_) start({});
  if (!event.signature.empty()) carrier(event.signature);
  shown_ = event.block != BlockKind::native;  // another dialect's
  said_ = false;
  custom_ = event.custom_tool && event.block == BlockKind::tool_call;
  words_before_.clear();
  if (!shown_) return;
  begin("content_block_start");
  PieceWriter json(*out_);
  out_->append(",\"index\":").append(std::to_string(next_)).append(",\"content_block\":");
  PieceWriter block(*out_);
  switch (event.block) {
    case BlockKind::text:
    case BlockKind::refusal: block.raw(R"({"type":"text","text":""})"); break;
    case BlockKind::thinking:
      block.raw(R"({"type":"thinking","thinking":"","signature":""})");
      break;
    case BlockKind::redacted_thinking:
      block.open('{').field("type", "redacted_thinking").field("data", event.text).close('}');
      break;
    case BlockKind::tool_call:
      block.open('{').field("type", "tool_use").field("id", event.id).field("name", event.name);
      block.field_raw("input", "{}").close('}');
      break;
    case BlockKind::native: break;
  }
  finish();
}

// Gemini signs calls; here only thinking has a signature, and clients send it back as it came.
void StreamEncoder::carrier(std::string_view signature) {
  const std::string index = std::to_string(next_++);
  begin("content_block_start");
  out_->append(",\"index\":").append(index);
  out_->append(R"(,"content_block":{"type":"thinking","thinking":"","signature":""})");
  finish();
  begin("content_block_delta");
  out_->append(",\"index\":").append(index);
  out_->append(R"(,"delta":{"type":"signature_delta","signature":")");
  hub::append_gemini_carrier(*out_, hub::SignatureOf::call, signature);
  out_->append("\"}");
  finish();
  begin("content_block_stop");
  out_->append(",\"index\":").append(index);
  finish();
}

void StreamEncoder::delta(const Event& event) {
  if (!shown_ || event.text.empty()) return;
  if (custom_ && !said_) free_text(R"({\"input\":\")");
  said_ = true;
  if (event.delta == DeltaKind::text) return words(event);
  begin("content_block_delta");
  out_->append(",\"index\":").append(std::to_string(next_)).append(",\"delta\":");
  PieceWriter json(*out_);
  json.open('{').field("type", "signature_delta").field("signature", event.text).close('}');
  finish();
}

void StreamEncoder::cite(const hub::Citation& citation) {
  begin("content_block_delta");
  out_->append(",\"index\":").append(std::to_string(next_)).append(",\"delta\":");
  PieceWriter json(*out_);
  json.open('{').field("type", "citations_delta").key("citation");
  write_citation(json, citation);
  json.close('}');
  finish();
}

// What all deltas of a block share is written once.
void StreamEncoder::words(const Event& event) {
  if (words_before_.empty()) {
    words_before_ =
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":";
    words_before_ += std::to_string(next_);
    words_before_ += event.block == BlockKind::thinking
                         ? R"(,"delta":{"type":"thinking_delta","thinking":")"
                     : event.block == BlockKind::tool_call
                         ? R"(,"delta":{"type":"input_json_delta","partial_json":")"
                         : R"(,"delta":{"type":"text_delta","text":")";
  }
  out_->append(words_before_);
  if (custom_)
    append_json_escaped(*out_, event.text);
  else
    out_->append(event.text);
  out_->append("\"}}\n\n", 5);
}

// Free text here becomes the one member of an object, piece by piece.
void StreamEncoder::free_text(std::string_view json) {
  begin("content_block_delta");
  out_->append(",\"index\":").append(std::to_string(next_));
  out_->append(R"(,"delta":{"type":"input_json_delta","partial_json":")").append(json);
  out_->append("\"}");
  finish();
}

void StreamEncoder::close(const Event& event) {
  if (!shown_) return;
  if (custom_)
    free_text(said_ ? R"(\"})" : R"({\"input\":\"\"})");
  else if (event.block == BlockKind::tool_call && !said_) {
    begin("content_block_delta");
    out_->append(",\"index\":").append(std::to_string(next_));
    out_->append(R"(,"delta":{"type":"input_json_delta","partial_json":""})");
    finish();
  }
  begin("content_block_stop");
  out_->append(",\"index\":").append(std::to_string(next_++));
  finish();
}

void StreamEncoder::end() {
  over_ = true;
  if (!started_) start({});
  begin("message_delta");
  out_->append(",\"delta\":");
  PieceWriter json(*out_);
  json.open('{').field("stop_reason", name_of(stop_)).key("stop_sequence");
  if (stop_sequence_.empty())
    json.raw("null");
  else
    json.escaped(stop_sequence_);
  json.close('}');
  write_usage(json, normalise(usage_, options_.quirks), {});
  finish();
  begin("message_stop");
  finish();
}

}  // namespace steelyard::dialect::anthropic
