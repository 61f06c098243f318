// A whole answer from events.
#include "gateway/dialect/gemini_encode.h"
#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/gemini_usage.h"

namespace steelyard::dialect::gemini {

using hub::BlockKind;
using hub::Event;
using hub::EventKind;
using hub::PieceWriter;

AnswerWriter::Choice& AnswerWriter::choice(std::uint32_t number) {
  for (Choice& known : choices_)
    if (known.writer.number() == number) return known;
  return choices_.emplace_back(Choice{PartWriter(number), {}, {}, false});
}

void AnswerWriter::take(const Event& event) {
  switch (event.kind) {
    case EventKind::start:
      id_ = event.id;
      model_ = options_.model.empty() ? event.name : options_.model;
      tier_ = event.tier;
      return;
    case EventKind::open: return choice(event.choice).writer.open(event);
    case EventKind::delta: {
      Choice& to = choice(event.choice);
      if (!to.writer.take(event)) return;
      to.thought = event.block == BlockKind::thinking;
      to.words += event.text;
      return;
    }
    case EventKind::close: {
      Choice& to = choice(event.choice);
      end_words(to);
      std::string part;
      if (!to.writer.close(event, part)) return;
      to.parts.append(to.parts.empty() ? "" : ",").append(part);
      return;
    }
    case EventKind::citation: return choice(event.choice).writer.cite(*event.citation);
    case EventKind::usage: usage_ = event.usage; return;
    case EventKind::stop: choice(event.choice).writer.stop = event.stop; return;
    case EventKind::end: complete_ = true; return;
    case EventKind::ping:
    case EventKind::fault: return;
  }
}

void AnswerWriter::end_words(Choice& to) {
  if (to.words.empty()) return;
  to.parts.append(to.parts.empty() ? "" : ",").append(R"({"text":")").append(to.words);
  to.parts += to.thought ? R"(","thought":true})" : "\"}";
  to.words.clear();
}

void AnswerWriter::write(std::string& out) {
  PieceWriter json(out);
  json.open('{').key("candidates").open('[');
  for (Choice& c : choices_) {
    std::string last;
    if (c.writer.last_part(last)) c.parts.append(c.parts.empty() ? "" : ",").append(last);
    json.open('{').key("content").open('{');
    if (!c.parts.empty()) json.key("parts").open('[').raw(c.parts).close(']');
    json.field("role", "model").close('}').field("finishReason", name_of(c.writer.stop));
    json.field_number("index", c.writer.number());
    c.writer.write_beside(json, true);
    json.close('}');
  }
  json.close(']');
  if (usage_.present) write_usage(json, normalise(usage_, options_.quirks), tier_);
  json.field("modelVersion", model_).field("responseId", id_).close('}');
}

}  // namespace steelyard::dialect::gemini
