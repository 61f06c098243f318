#pragma once
// Answers of Gemini's dialect as hub events: a stream's documents one by one, and a whole answer at
// once (research/wire 1.4, 2.6.5). Lenient: what is not understood is passed over. Every document
// is a whole answer of its own whose texts go on where the one before ended; nothing marks the end
// but a finish reason and the end of the bytes.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/dialect/gemini_usage.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/sse.h"

namespace steelyard::dialect::gemini {

struct AnswerPart;

// "" is none. STOP is `end` also for calls: what was said decides (research/wire 2.5).
hub::StopReason stop_named(std::string_view name);
std::string_view name_of(hub::StopReason stop);  // as Gemini says it; "STOP" for none

// The documents of one answer.
class AnswerReader {
 public:
  // One GenerateContentResponse. False: it is no JSON object.
  bool take(std::string_view json, hub::EventSink& sink);
  // The bytes are over: sends usage, stops and `end`, if the answer was finished. Once.
  void finish(hub::EventSink& sink);
  // Every candidate seen said why it stopped, or the prompt was blocked.
  bool finished() const;
  bool failed() const { return failed_; }
  const UpstreamFault& fault() const { return fault_; }
  void fail(UpstreamFault fault, hub::EventSink& sink);

 private:
  struct Document;
  struct Choice {
    std::uint32_t number = 0, next = 0, calls = 0;
    hub::StopReason stop = hub::StopReason::none;
    hub::BlockKind kind = hub::BlockKind::text;
    bool open = false, finished = false;
    std::string logprobs;  // of the document under way, as Chat has them
  };
  Choice& choice(std::uint32_t number);
  std::int64_t candidate(std::string_view json, std::uint32_t position, hub::EventSink& sink);
  void part(std::string_view json, Choice& to, hub::EventSink& sink);

  bool lose(LenientReader& reader, hub::Loss loss);
  void call(const AnswerPart& part, Choice& to, hub::EventSink& sink);
  void native(Choice& to, hub::EventSink& sink);
  void blocked(std::string_view message, hub::EventSink& sink);
  void ensure_open(hub::BlockKind kind, Choice& to, hub::EventSink& sink);
  void open(hub::Event event, Choice& to, hub::EventSink& sink);
  void close(Choice& to, hub::EventSink& sink);
  void delta(Choice& to, hub::DeltaKind kind, std::string_view text, hub::EventSink& sink);
  void carry(std::string_view signature, Choice& to, hub::EventSink& sink);

  std::vector<Choice> choices_;
  Usage usage_;
  UpstreamFault fault_;
  std::string id_, scratch_;
  std::int64_t searches_ = 0;  // queries of the document that told of most
  hub::Dropped lost_;
  bool started_ = false, failed_ = false, ended_ = false;
};

// A whole answer. An error object in its place becomes a fault event. False: the body is no JSON
// object; then nothing was sent to the sink.
bool read_answer(std::string_view body, hub::EventSink& sink);

// One per stream of server-sent events. Any split of the bytes gives the same events.
class StreamDecoder {
 public:
  void feed(std::string_view bytes, hub::EventSink& sink);
  // The provider closed. Fails with upstream_protocol if a finish reason never came, with
  // upstream_status if the stream said an error.
  Result<void> finish(hub::EventSink& sink);

  // The stream is translated: an object that is no JSON fails it, as its part would be missing.
  void be_strict() { strict_ = true; }
  std::uint32_t unparsed() const { return unparsed_; }  // events that should have been JSON

 private:
  SseDecoder sse_;
  AnswerReader answer_;
  std::uint32_t unparsed_ = 0;
  bool strict_ = false;
};

}  // namespace steelyard::dialect::gemini
