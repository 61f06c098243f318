#pragma once
// Answers of OpenAI's Responses dialect as hub events: a stream's events one by one, and a whole
// response at once. Lenient: what is not understood is passed over, unknown events are no failure
// (research/wire 1.3, 2.6.4).
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/responses_blocks.h"
#include "gateway/dialect/sse.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::responses {

// A whole answer. One that failed, or an error object, becomes a fault event. False: the body is no
// response; then nothing was sent.
bool read_response(std::string_view body, hub::EventSink& sink);

// One per stream. Any split of the bytes gives the same events.
class StreamDecoder {
 public:
  void feed(std::string_view bytes, hub::EventSink& sink);
  // The provider closed: a last event without its blank line is taken. Fails with
  // upstream_protocol if no terminal event came, with upstream_status if the stream said an error.
  Result<void> finish(hub::EventSink& sink);

  // The stream is translated: an object that is no JSON fails it, as its part would be missing.
  void be_strict() { strict_ = true; }
  std::uint32_t unparsed() const { return unparsed_; }     // events that should have been JSON
  std::int64_t sequence() const { return sequence_ + 1; }  // one more than the last one seen
  std::string_view id() const { return id_; }              // of the response, escaped

 private:
  struct Document;
  void take(std::string_view data, hub::EventSink& sink);
  void start(std::string_view response, hub::EventSink& sink);
  void piece(const Document& d, hub::BlockKind kind, std::int64_t part, hub::EventSink& sink);
  void end(std::string_view response, hub::EventSink& sink);
  void fail(UpstreamFault fault, hub::EventSink& sink);

  SseDecoder sse_;
  ItemBlocks blocks_;
  UpstreamFault fault_;
  std::string id_;
  std::int64_t sequence_ = -1;
  std::uint32_t unparsed_ = 0;
  std::string tier_;  // as the first event named it
  bool started_ = false, ended_ = false, failed_ = false, strict_ = false;
};

}  // namespace steelyard::dialect::responses
