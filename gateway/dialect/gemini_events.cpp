#include "gateway/dialect/gemini_events.h"

#include <algorithm>
#include <utility>

#include "config/types/json_writer.h"
#include "gateway/dialect/gemini_grounding.h"
#include "gateway/dialect/gemini_part.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_send.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/server_tools.h"

namespace steelyard::dialect::gemini {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;
using hub::StopReason;

namespace {

enum TopKey { kCandidates, kUsageMetadata, kModelVersion, kResponseId, kFeedback, kError };
constexpr KeyTable kTop(key_names("candidates", "usageMetadata", "modelVersion", "responseId",
                                  "promptFeedback", "error"));
enum CandidateKey {
  kContent,
  kFinishReason,
  kIndex,
  kGrounding,
  kCitation,
  kLogprobs,
  kSafety,
  kFinishMessage,
  kUrlContext,
  kAverage,
  kContinuation
};
constexpr KeyTable kCandidateKeys(key_names("content", "finishReason", "index", "groundingMetadata",
                                            "citationMetadata", "logprobsResult", "safetyRatings",
                                            "finishMessage", "urlContextMetadata", "avgLogprobs",
                                            "continuationToken"));
// What has no place in other dialects: from kSafety on.
constexpr hub::Loss kLosses[] = {hub::Loss::safety, hub::Loss::stop_reason, hub::Loss::citations,
                                 hub::Loss::logprobs, hub::Loss::fields};
constexpr KeyTable kTierKeys(key_names("serviceTier", "trafficType"));
constexpr KeyTable kContentKeys(key_names("parts"));
constexpr KeyTable kFeedbackKeys(key_names("blockReason", "blockReasonMessage", "safetyRatings"));

constexpr std::uint32_t kChoicesMax = 128;

// The tier that served, in the raw usageMetadata: Vertex names it otherwise.
std::string_view tier_in(std::string_view usage) {
  std::string_view found[kTierKeys.size()];
  LenientReader reader(usage.empty() ? "null" : usage);
  reader.object(kTierKeys, [&](int key) {
    return key < 0 ? reader.cursor.skip_value() : reader.text(found[key]);
  });
  return found[0].empty() ? found[1] : found[0];
}

}  // namespace

struct AnswerReader::Document {
  std::string_view candidates, model, id, block_reason, block_message, usage;
  bool error = false;
};

AnswerReader::Choice& AnswerReader::choice(std::uint32_t number) {
  for (Choice& known : choices_)
    if (known.number == number) return known;
  choices_.emplace_back();
  choices_.back().number = number;
  return choices_.back();
}

bool AnswerReader::lose(LenientReader& reader, hub::Loss loss) {
  bool said = false;
  if (!reader.pass(said)) return false;
  if (said) lost_.add(loss);
  return true;
}

bool AnswerReader::take(std::string_view json, EventSink& sink) {
  if (failed_ || ended_) return true;
  Document d;
  LenientReader reader(json);
  const bool ok = reader.cursor.peek() == '{' && reader.object(kTop, [&](int key) {
    switch (key) {
      case kCandidates: return reader.cursor.take_raw(d.candidates);
      case kUsageMetadata: {
        const std::size_t begin = reader.cursor.offset();
        if (!read_usage(reader, usage_)) return false;
        d.usage = json.substr(begin, reader.cursor.end_of_previous() - begin);
        return true;
      }
      case kModelVersion: return reader.text(d.model);
      case kResponseId: return reader.text(d.id);
      case kError: d.error = true; return reader.cursor.skip_value();
      case kFeedback:
        return reader.object(kFeedbackKeys, [&](int k) {
          if (k == 2) return lose(reader, hub::Loss::safety);
          return k < 0 ? reader.cursor.skip_value()
                       : reader.text(k == 0 ? d.block_reason : d.block_message);
        });
      default: return reader.cursor.skip_value();
    }
  });
  if (!ok) return false;
  if (d.error) {
    fail(openai::parse_error(200, json), sink);
    return true;
  }
  if (!started_) {
    started_ = true;
    id_ = d.id;
    hub::send_start(d.id, d.model, tier_in(d.usage), sink);
  }
  LenientReader list(d.candidates.empty() ? "null" : d.candidates);
  std::uint32_t position = 0;
  std::int64_t searches = 0;
  list.array([&] {
    std::string_view one;
    if (!list.cursor.take_raw(one)) return false;
    searches += candidate(one, position++, sink);
    return true;
  });
  searches_ = std::max(searches_, searches);
  if (position == 0 && !d.block_reason.empty()) blocked(d.block_message, sink);
  ReportedUsage usage = reported(usage_);
  usage.web_searches = searches_;
  hub::send_usage(usage, sink);
  return true;
}

// A prompt that was refused: 200, no candidates.
void AnswerReader::blocked(std::string_view message, EventSink& sink) {
  Choice& to = choice(0);
  if (!message.empty()) {
    ensure_open(BlockKind::refusal, to, sink);
    delta(to, DeltaKind::text, message, sink);
  }
  to.stop = StopReason::refusal;
  to.finished = true;
}

// Returns how many searches it was grounded in.
std::int64_t AnswerReader::candidate(std::string_view json, std::uint32_t position,
                                     EventSink& sink) {
  std::string_view parts, beside[3];  // raw; from kGrounding on
  std::string finish;
  std::int64_t index = position;
  bool given = false;
  LenientReader reader(json);
  reader.object(kCandidateKeys, [&](int key) {
    if (key == kFinishReason) return reader.text_or_number(finish);
    if (key == kIndex) return reader.integer(index, given);
    if (key >= kSafety) return lose(reader, kLosses[key - kSafety]);
    if (key >= kGrounding) return reader.cursor.take_raw(beside[key - kGrounding]);
    if (key != kContent) return reader.cursor.skip_value();
    return reader.object(kContentKeys, [&](int k) {
      return k == 0 ? reader.cursor.take_raw(parts) : reader.cursor.skip_value();
    });
  });
  const std::int64_t searches =
      beside[0].starts_with('{') ? hub::grounding_queries(beside[0]) : std::int64_t{0};
  if (index < 0 || index >= kChoicesMax) return searches;
  Choice& to = choice(static_cast<std::uint32_t>(index));
  // Before the parts: a last one without text would end the text block these belong to.
  if (beside[0].starts_with('{') && !send_grounding(beside[0], to.number, sink))
    lost_.add(hub::Loss::native_parts);
  if (beside[1].starts_with('{')) send_citations(beside[1], to.number, sink);
  to.logprobs.clear();
  if (beside[2].starts_with('{')) append_logprobs(to.logprobs, beside[2]);
  LenientReader list(parts.empty() ? "null" : parts);
  list.array([&] {
    std::string_view one;
    if (!list.cursor.take_raw(one)) return false;
    if (one.starts_with('{')) part(one, to, sink);
    return true;
  });
  if (!to.logprobs.empty()) lost_.add(hub::Loss::logprobs);  // of no text
  const StopReason stop = stop_named(finish);
  if (stop == StopReason::none) return searches;
  to.stop = stop;
  to.finished = true;
  return searches;
}

void AnswerReader::part(std::string_view json, Choice& to, EventSink& sink) {
  const AnswerPart p = read_part(json);
  if (p.beside) lost_.add(hub::Loss::native_parts);
  switch (p.kind) {
    case AnswerPart::Kind::text:
      ensure_open(p.thought ? BlockKind::thinking : BlockKind::text, to, sink);
      delta(to, DeltaKind::text, p.text, sink);
      return carry(p.signature, to, sink);
    case AnswerPart::Kind::signature: return carry(p.signature, to, sink);
    case AnswerPart::Kind::call: return call(p, to, sink);
    case AnswerPart::Kind::native: return native(to, sink);
    case AnswerPart::Kind::nothing: return;
  }
}

// Of a text: it follows as a block of its own, since other dialects have no place for one there.
void AnswerReader::carry(std::string_view signature, Choice& to, EventSink& sink) {
  if (signature.empty()) return;
  const bool thought = to.open && to.kind == BlockKind::thinking;
  if (!thought) ensure_open(BlockKind::thinking, to, sink);
  scratch_.clear();
  hub::append_gemini_carrier(scratch_, thought ? hub::SignatureOf::thought : hub::SignatureOf::text,
                             signature);
  delta(to, DeltaKind::signature, scratch_, sink);
  close(to, sink);
}

void AnswerReader::call(const AnswerPart& part, Choice& to, EventSink& sink) {
  std::string id(part.id);
  if (id.empty()) {
    id = "call_";
    hub::append_digest(id, {id_, part.name, part.arguments, std::to_string(to.calls)});
  }
  Event event;
  event.block = BlockKind::tool_call;
  event.id = id;
  event.name = part.name;
  event.signature = part.signature;
  open(event, to, sink);
  ++to.calls;
  scratch_.clear();
  append_json_escaped(scratch_, part.arguments.empty() ? "{}" : part.arguments);
  delta(to, DeltaKind::text, scratch_, sink);
  close(to, sink);
}

// Pictures, code that ran at Google: no other dialect has it.
void AnswerReader::native(Choice& to, EventSink& sink) {
  Event event;
  event.block = BlockKind::native;
  open(event, to, sink);
  close(to, sink);
}

void AnswerReader::ensure_open(BlockKind kind, Choice& to, EventSink& sink) {
  if (to.open && to.kind == kind) return;
  Event event;
  event.block = kind;
  open(event, to, sink);
}

void AnswerReader::open(Event event, Choice& to, EventSink& sink) {
  close(to, sink);
  event.kind = EventKind::open;
  event.choice = to.number;
  event.index = to.next++;
  to.kind = event.block;
  to.open = true;
  sink.take(event);
}

void AnswerReader::close(Choice& to, EventSink& sink) {
  if (!to.open) return;
  to.open = false;
  Event event;
  event.kind = EventKind::close;
  event.block = to.kind;
  event.choice = to.number;
  event.index = to.next - 1;
  sink.take(event);
}

void AnswerReader::delta(Choice& to, DeltaKind kind, std::string_view text, EventSink& sink) {
  if (text.empty()) return;
  Event event;
  event.kind = EventKind::delta;
  event.block = to.kind;
  event.delta = kind;
  event.choice = to.number;
  event.index = to.next - 1;
  event.text = text;
  // Of all texts of a document together: they go with the first.
  const bool words = kind == DeltaKind::text && to.kind == BlockKind::text;
  const std::string logprobs = words ? std::exchange(to.logprobs, {}) : std::string();
  event.raw = logprobs;
  sink.take(event);
}

bool AnswerReader::finished() const {
  return !choices_.empty() &&
         std::all_of(choices_.begin(), choices_.end(), [](const Choice& c) { return c.finished; });
}

void AnswerReader::finish(EventSink& sink) {
  if (ended_ || failed_ || !finished()) return;
  ended_ = true;
  for (Choice& done : choices_) {
    close(done, sink);
    const bool calls = done.stop == StopReason::end && done.calls > 0;
    hub::send_stop(calls ? StopReason::tool : done.stop, {}, done.number, sink);
  }
  hub::send_end(lost_, {}, sink);
}

void AnswerReader::fail(UpstreamFault fault, EventSink& sink) {
  if (failed_ || ended_) return;
  failed_ = true;
  fault_ = std::move(fault);
  hub::send_fault(fault_, sink);
}

bool read_answer(std::string_view body, EventSink& sink) {
  AnswerReader answer;
  if (!answer.take(body, sink)) return false;
  answer.finish(sink);
  return true;
}

void StreamDecoder::feed(std::string_view bytes, EventSink& sink) {
  SseEvent event;
  for (;;) {
    switch (sse_.next(bytes, event)) {
      case SseDecoder::Status::event:
        if (event.data == "[DONE]" || answer_.take(event.data, sink)) break;
        ++unparsed_;
        if (strict_ && event.data.starts_with('{')) answer_.fail(garbled_fault(), sink);
        break;
      case SseDecoder::Status::need_more: return;
      case SseDecoder::Status::too_long: return answer_.fail(too_long_fault(), sink);
    }
  }
}

Result<void> StreamDecoder::finish(EventSink& sink) {
  if (!answer_.failed()) feed("\n\n", sink);
  answer_.finish(sink);
  if (answer_.failed()) return steelyard::fail(to_error(answer_.fault(), 200));
  if (answer_.finished()) return {};
  return steelyard::fail(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::next_target,
                         "the provider's stream ended without a finish reason");
}

}  // namespace steelyard::dialect::gemini
