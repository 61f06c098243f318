#include "gateway/dialect/gemini_encode.h"

#include <algorithm>

#include "gateway/dialect/gemini_errors.h"
#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/gemini_usage.h"
#include "gateway/dialect/hub_arguments.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::gemini {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

void PartWriter::open(const Event& event) {
  text_.clear();
  signature_.clear();
  if (event.block == BlockKind::tool_call) {
    id_ = event.id;
    name_ = event.name;
    call_signature_ = event.signature;
    custom_ = event.custom_tool;
  }
  if (event.block == BlockKind::redacted_thinking) {
    PieceWriter json(blocks_, true);
    if (!blocks_.empty()) blocks_ += ',';
    blocks_ += '{';
    json.field("r", event.text).close('}');
    sealed_ = true;
  }
}

bool PartWriter::take(const Event& event) {
  if (event.delta == DeltaKind::signature) signature_ += event.text;
  if (event.delta != DeltaKind::text) return false;
  if (!event.raw.empty())
    logprobs_.append(logprobs_.empty() ? "" : ",").append(hub::inside_of(event.raw));
  const bool thinks = event.block == BlockKind::thinking;
  spoken_ = spoken_ || (!thinks && !event.text.empty());
  const bool says = event.block == BlockKind::text || event.block == BlockKind::refusal;
  if (says && !event.text.empty() && words_at_ == 0) words_at_ = blocks_.size();
  if (thinks || event.block == BlockKind::tool_call) text_ += event.text;
  return !event.text.empty() && (thinks || says);
}

// Clients send back the signature of a call and nothing else of what was thought before it.
void PartWriter::carry() {
  if (text_.empty() && signature_.empty()) return;
  if (!blocks_.empty()) blocks_ += ',';
  blocks_ += '{';
  PieceWriter json(blocks_, true);
  json.field("t", text_).given("s", signature_).close('}');
  sealed_ = sealed_ || !signature_.empty();
}

bool PartWriter::close(const Event& event, std::string& out) {
  if (event.block == BlockKind::thinking) carry();
  if (event.block != BlockKind::tool_call) return false;
  PieceWriter json(out);
  json.open('{').key("functionCall").open('{').given("id", id_).field("name", name_).key("args");
  hub::write_answered_arguments(json, text_, custom_, true);
  json.close('}');
  if (!call_signature_.empty()) {  // Gemini's own, by way of another dialect
    json.field("thoughtSignature", call_signature_);
  } else if (!blocks_.empty()) {
    std::string carrier;
    if (words_at_ != 0) blocks_.insert(words_at_, hub::words_mark);
    hub::append_thinking_carrier(carrier, blocks_);
    json.field("thoughtSignature", carrier);
    blocks_.clear();
    words_at_ = 0;
  }
  json.close('}');
  return true;
}

bool PartWriter::last_part(std::string& out) {
  // An answer of nothing else would look empty, and clients ask again.
  if (!sealed_ || blocks_.empty() || !spoken_) return false;
  std::string carrier;
  hub::append_thinking_carrier(carrier, blocks_);
  blocks_.clear();
  out.append(R"({"text":"","thoughtSignature":")").append(carrier).append("\"}");
  return true;
}

void PartWriter::write_beside(PieceWriter& json, bool last) {
  if (!logprobs_.empty()) write_logprobs(json, logprobs_);
  logprobs_.clear();
  if (last && !grounding_.empty()) grounding_.write(json);
}

PartWriter& StreamEncoder::choice(std::uint32_t number) {
  for (PartWriter& known : choices_)
    if (known.number() == number) return known;
  return choices_.emplace_back(number);
}

void StreamEncoder::take(const Event& event) {
  if (over_) return;
  switch (event.kind) {
    case EventKind::start:
      id_ = event.id;
      model_ = options_.model.empty() ? event.name : options_.model;
      tier_ = event.tier;
      return;
    case EventKind::open: return choice(event.choice).open(event);
    case EventKind::delta:
      if (!choice(event.choice).take(event)) return;
      begin(event.choice);
      frames_.out().append(R"({"text":")").append(event.text);
      frames_.out() += event.block == BlockKind::thinking ? R"(","thought":true})" : R"("})";
      return finish_parts(event.choice);
    case EventKind::close:
      part_.clear();
      if (!choice(event.choice).close(event, part_)) return;
      {
        const std::string call = std::move(part_);
        begin(event.choice);
        part_ = call;
      }
      return finish_parts(event.choice);
    case EventKind::citation: return choice(event.choice).cite(*event.citation);
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop: choice(event.choice).stop = event.stop; return;
    case EventKind::ping:  // as the gateway's own sign of life
      if (!options_.no_pings) frames_.out() += "\r\n";
      return;
    case EventKind::fault:
      over_ = true;
      if (event.fault == nullptr) return;
      frames_.begin();
      write_fault(frames_.out(), *event.fault, 200, options_.request_id);
      frames_.finish();
      return frames_.end();
    case EventKind::end: return end();
  }
}

void StreamEncoder::begin(std::uint32_t) {
  frames_.begin();
  frames_.out() += R"({"candidates":[{"content":{"parts":[)";
  part_.clear();
}

void StreamEncoder::finish_parts(std::uint32_t choice) {
  std::string& out = frames_.out();
  out.append(part_).append(R"(],"role":"model"},"index":)").append(std::to_string(choice));
  PieceWriter json(out, true);
  this->choice(choice).write_beside(json, false);
  out += "}]";
  finish(false);
}

void StreamEncoder::finish(bool last) {
  std::string& out = frames_.out();
  if (last && usage_.present) {
    std::string text;
    PieceWriter json(text);
    write_usage(json, normalise(usage_, options_.quirks), tier_);
    out.append(1, ',').append(text);
  }
  out.append(R"(,"modelVersion":")").append(model_);
  out.append(R"(","responseId":")").append(id_).append("\"}");
  frames_.finish();
}

void StreamEncoder::end() {
  over_ = true;
  if (choices_.empty()) choice(0);
  std::string& out = frames_.out();
  frames_.begin();
  out += R"({"candidates":[)";
  for (PartWriter& done : choices_) {
    if (out.back() != '[') out += ',';
    out += R"({"content":{)";
    part_.clear();
    // Google's SDKs strike a turn from their history if one of its chunks has no part.
    if (!done.last_part(part_) && done.spoken()) part_ = R"({"text":""})";
    if (!part_.empty()) out.append(R"("parts":[)").append(part_).append("],");
    out.append(R"("role":"model"},"finishReason":")").append(name_of(done.stop));
    out.append(R"(","index":)").append(std::to_string(done.number()));
    PieceWriter json(out, true);
    done.write_beside(json, true);
    out += '}';
  }
  out += ']';
  finish(true);
  frames_.end();
}

}  // namespace steelyard::dialect::gemini
