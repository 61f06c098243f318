// A whole completion from events.
#include "gateway/dialect/openai_annotation.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_events.h"

namespace steelyard::dialect::openai {
namespace {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

void comma(std::string& list) {
  if (!list.empty()) list += ',';
}

// Elements of the two arrays.
void write_logprobs(PieceWriter& json, std::string_view content, std::string_view refusal) {
  if (content.empty() && refusal.empty()) {
    json.raw("null");
    return;
  }
  json.open('{');
  for (const auto& [name, list] : {std::pair("content", content), std::pair("refusal", refusal)}) {
    json.key(name);
    if (list.empty())
      json.raw("null");
    else
      json.open('[').raw(list).close(']');
  }
  json.close('}');
}

}  // namespace

CompletionWriter::Choice& CompletionWriter::choice(std::uint32_t index) {
  for (Choice& known : choices_)
    if (known.index == index) return known;
  choices_.emplace_back();
  choices_.back().index = index;
  return choices_.back();
}

void CompletionWriter::take(const Event& event) {
  switch (event.kind) {
    case EventKind::start:
      id_ = event.id;
      model_ = options_.model.empty() ? event.name : options_.model;
      tier_ = event.tier;
      return;
    case EventKind::open: return open(event);
    case EventKind::delta:
      if (event.delta == DeltaKind::signature) choice(event.choice).signature += event.text;
      if (event.delta == DeltaKind::text) words(event);
      return;
    case EventKind::citation: {
      PieceWriter json(choice(event.choice).annotations, true);
      write_chat_annotation(json, *event.citation);
      return;
    }
    case EventKind::close: return close(event);
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop: choice(event.choice).stop = event.stop; return;
    case EventKind::end: complete_ = true; return;
    case EventKind::ping:
    case EventKind::fault: return;
  }
}

void CompletionWriter::words(const Event& event) {
  Choice& to = choice(event.choice);
  to.block += event.text;
  if (event.raw.empty()) return;
  std::string& list = event.block == BlockKind::refusal ? to.refusal_logprobs : to.logprobs;
  comma(list);
  list += hub::inside_of(event.raw);
}

void CompletionWriter::open(const Event& event) {
  Choice& to = choice(event.choice);
  to.block.clear();
  to.signature.clear();
  if (event.block == BlockKind::redacted_thinking) {
    comma(to.details);
    PieceWriter json(to.details);
    json.out() += '{';
    json.field("type", "reasoning.encrypted").field("data", event.text);
    json.field("format", "anthropic-claude-v1").close('}');
  }
  if (event.block == BlockKind::tool_call) {
    comma(to.calls);
    PieceWriter json(to.calls);
    const std::string_view kind = event.custom_tool ? "custom" : "function";
    json.out() += '{';
    json.field("id", event.id).field("type", kind);
    write_call_signature(json, event.signature);
    json.key(kind).open('{').field("name", event.name);
    json.key(event.custom_tool ? "input" : "arguments");
  }
}

void CompletionWriter::close(const Event& event) {
  Choice& to = choice(event.choice);
  switch (event.block) {
    case BlockKind::text:
      to.text += to.block;
      to.has_text = true;
      return;
    case BlockKind::refusal: to.refusal += to.block; return;
    case BlockKind::thinking:
      if (!to.thoughts.empty() && !to.block.empty()) to.thoughts += "\\n\\n";
      to.thoughts += to.block;
      if (!to.signature.empty()) {
        comma(to.details);
        PieceWriter json(to.details);
        json.out() += '{';
        json.field("type", "reasoning.text").field("text", to.block);
        json.field("signature", to.signature).field("format", "anthropic-claude-v1").close('}');
      }
      return;
    case BlockKind::tool_call: {
      PieceWriter json(to.calls);
      json.out()
          .append("\"")
          .append(to.block.empty() && !event.custom_tool ? "{}" : to.block)
          .append("\"}}");
      return;
    }
    case BlockKind::redacted_thinking:
    case BlockKind::native: return;
  }
}

void CompletionWriter::write(std::string& out) const {
  PieceWriter json(out);
  json.open('{').field("id", id_.empty() ? "chatcmpl-0" : id_).field("object", "chat.completion");
  json.field_number("created", options_.created).field("model", model_);
  json.key("choices").open('[');
  for (const Choice& c : choices_) {
    json.open('{').field_number("index", c.index).key("message").open('{');
    json.field("role", "assistant").key("content");
    if (c.has_text || c.calls.empty())
      json.escaped(c.text);
    else
      json.raw("null");
    json.key("refusal");
    if (c.refusal.empty())
      json.raw("null");
    else
      json.escaped(c.refusal);
    json.given("reasoning_content", c.thoughts);
    if (!c.details.empty()) json.key("reasoning_details").open('[').raw(c.details).close(']');
    if (!c.calls.empty()) json.key("tool_calls").open('[').raw(c.calls).close(']');
    if (!c.annotations.empty()) json.key("annotations").open('[').raw(c.annotations).close(']');
    json.close('}').key("logprobs");
    write_logprobs(json, c.logprobs, c.refusal_logprobs);
    json.field("finish_reason", name_of(c.stop)).close('}');
  }
  json.close(']');
  if (usage_.present) write_usage(json, normalise(usage_, options_.quirks));
  json.given("service_tier", tier_).close('}');
}

}  // namespace steelyard::dialect::openai
