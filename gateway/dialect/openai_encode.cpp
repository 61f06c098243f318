#include "gateway/dialect/openai_encode.h"

#include "gateway/dialect/anthropic_errors.h"
#include "gateway/dialect/openai_annotation.h"
#include "gateway/dialect/openai_events.h"

namespace steelyard::dialect::openai {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

void write_usage(PieceWriter& json, const TokenUsage& usage) {
  json.key("usage").open('{').field_number("prompt_tokens", usage.input());
  json.field_number("completion_tokens", usage.output);
  json.field_number("total_tokens", usage.input() + usage.output);
  json.key("prompt_tokens_details").open('{').field_number("cached_tokens", usage.cache_read);
  if (usage.audio_input > 0) json.field_number("audio_tokens", usage.audio_input);
  if (usage.image_input > 0) json.field_number("image_tokens", usage.image_input);
  if (usage.cache_write > 0) json.field_number("cache_write_tokens", usage.cache_write);
  json.close('}').key("completion_tokens_details").open('{');
  json.field_number("reasoning_tokens", usage.reasoning);
  if (usage.audio_output > 0) json.field_number("audio_tokens", usage.audio_output);
  if (usage.image_output > 0) json.field_number("image_tokens", usage.image_output);
  json.close('}').close('}');
}

// As Google's own chat endpoint spells it.
void write_call_signature(PieceWriter& json, std::string_view signature) {
  if (signature.empty()) return;
  json.key("extra_content").open('{').key("google").open('{');
  json.field("thought_signature", signature).close('}').close('}');
}

ChatStreamEncoder::Choice& ChatStreamEncoder::choice(std::uint32_t index) {
  for (Choice& known : choices_)
    if (known.index == index) return known;
  choices_.emplace_back();
  choices_.back().index = index;
  return choices_.back();
}

void ChatStreamEncoder::take(const Event& event) {
  if (over_) return;
  switch (event.kind) {
    case EventKind::start: return start(event);
    case EventKind::open: return open(event);
    case EventKind::delta: return delta(event);
    case EventKind::close: return close(event);
    case EventKind::citation: return cite(event);
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop: choice(event.choice).stop = event.stop; return;
    case EventKind::ping: out_->append(": ping\n\n"); return;
    case EventKind::fault:
      over_ = true;
      if (event.fault != nullptr) write_sse_fault(*out_, *event.fault);
      return;
    case EventKind::end: return end();
  }
}

void ChatStreamEncoder::start(const Event& event) {
  started_ = true;
  head_ = "data: ";
  std::string body;
  PieceWriter json(body);
  json.open('{').field("id", event.id.empty() ? "chatcmpl-0" : event.id);
  json.field("object", "chat.completion.chunk").field_number("created", options_.created);
  json.field("model", options_.model.empty() ? event.name : options_.model);
  json.given("service_tier", event.tier);
  head_ += body + ",\"choices\":[";
  begin(0);
  out_->append(R"("role":"assistant","content":"")");
  finish();
}

// The two ends of a chunk with one delta.
void ChatStreamEncoder::begin(std::uint32_t choice) {
  out_->append(head_).append("{\"index\":").append(std::to_string(choice)).append(",\"delta\":{");
}
void ChatStreamEncoder::finish() {
  out_->append("},\"finish_reason\":null}]}\n\n");
}

void ChatStreamEncoder::open(const Event& event) {
  if (!started_) start({});
  Choice& to = choice(event.choice);
  to.said = false;
  to.thoughts.clear();
  to.signature.clear();
  if (event.block == BlockKind::redacted_thinking) {
    begin(event.choice);
    PieceWriter json(*out_);
    out_->append("\"reasoning_details\":[");
    PieceWriter detail(*out_);
    detail.open('{').field("type", "reasoning.encrypted").field("data", event.text);
    detail.field("format", "anthropic-claude-v1").field_number("index", to.details++).close('}');
    out_->append("]");
    return finish();
  }
  if (event.block != BlockKind::tool_call) return;
  begin(event.choice);
  const std::string_view kind = event.custom_tool ? "custom" : "function";
  out_->append("\"tool_calls\":[");
  PieceWriter json(*out_);
  json.open('{').field_number("index", to.calls++).field("id", event.id).field("type", kind);
  write_call_signature(json, event.signature);
  json.key(kind).open('{').field("name", event.name);
  json.field(event.custom_tool ? "input" : "arguments", "").close('}').close('}');
  out_->append("]");
  finish();
}

void ChatStreamEncoder::delta(const Event& event) {
  if (event.block == BlockKind::native) return;
  Choice& from = choice(event.choice);
  if (event.delta == DeltaKind::signature) {
    from.signature += event.text;
    return;
  }
  if (event.text.empty() && event.raw.empty()) return;
  from.said = true;
  begin(event.choice);
  PieceWriter json(*out_);
  switch (event.block) {
    case BlockKind::thinking:
      from.thoughts += event.text;
      out_->append("\"reasoning_content\":\"").append(event.text).append("\"");
      break;
    case BlockKind::refusal: out_->append("\"refusal\":\"").append(event.text).append("\""); break;
    case BlockKind::tool_call:
      // Counts calls, not blocks.
      out_->append("\"tool_calls\":[{\"index\":").append(std::to_string(from.calls - 1));
      out_->append(event.custom_tool ? ",\"custom\":{\"input\":\""
                                     : ",\"function\":{\"arguments\":\"");
      out_->append(event.text).append("\"}}]");
      break;
    default: out_->append("\"content\":\"").append(event.text).append("\"");
  }
  if (event.raw.empty()) return finish();
  out_->append(event.block == BlockKind::refusal ? "},\"logprobs\":{\"content\":null,\"refusal\":"
                                                 : "},\"logprobs\":{\"content\":");
  out_->append(event.raw);
  finish();
}

void ChatStreamEncoder::cite(const Event& event) {
  begin(event.choice);
  out_->append("\"annotations\":[");
  PieceWriter json(*out_);
  write_chat_annotation(json, *event.citation);
  out_->append("]");
  finish();
}

void ChatStreamEncoder::signed_detail(Choice& from) {
  begin(from.index);
  out_->append("\"reasoning_details\":[");
  PieceWriter json(*out_);
  json.open('{').field("type", "reasoning.text").field("text", from.thoughts);
  json.field("signature", from.signature).field("format", "anthropic-claude-v1");
  json.field_number("index", from.details++).close('}');
  out_->append("]");
  finish();
}

void ChatStreamEncoder::close(const Event& event) {
  Choice& from = choice(event.choice);
  if (event.block == BlockKind::thinking && !from.signature.empty()) signed_detail(from);
  if (event.block != BlockKind::tool_call || from.said) return;
  // Clients parse the arguments: "" is no JSON.
  begin(event.choice);
  out_->append("\"tool_calls\":[{\"index\":").append(std::to_string(from.calls - 1));
  out_->append(event.custom_tool ? ",\"custom\":{\"input\":\"\"}}]"
                                 : ",\"function\":{\"arguments\":\"{}\"}}]");
  finish();
}

void ChatStreamEncoder::end() {
  over_ = true;
  if (!started_) start({});
  if (choices_.empty()) choice(0);
  for (const Choice& done : choices_) {
    out_->append(head_).append("{\"index\":").append(std::to_string(done.index));
    out_->append(",\"delta\":{},\"finish_reason\":\"").append(name_of(done.stop));
    out_->append("\"}]}\n\n");
  }
  if (options_.include_usage && usage_.present) {
    out_->append(head_).append("],");
    PieceWriter json(*out_);
    std::string text;
    PieceWriter usage(text);
    write_usage(usage, normalise(usage_, options_.quirks));
    out_->append(text).append("}\n\n");
  }
  out_->append("data: [DONE]\n\n");
}

}  // namespace steelyard::dialect::openai
