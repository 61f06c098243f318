#pragma once
// Answers of Anthropic's dialect as hub events: a stream's data objects one by one, and a whole
// message at once. Lenient: what is not understood is passed over, unknown events are no failure
// (research/wire 1.2.5, 1.2.6).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/dialect/anthropic_usage.h"
#include "gateway/dialect/delta_memo.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/sse.h"

namespace steelyard::dialect::anthropic {

hub::StopReason stop_named(std::string_view name);  // "" is none
std::string_view name_of(hub::StopReason stop);     // as Anthropic says it; "end_turn" for none

// A whole answer. An error object in place of a message becomes a fault event. False: the body is
// no JSON object; then nothing was sent to the sink.
bool read_message(std::string_view body, hub::EventSink& sink);

// One per stream. Any split of the bytes gives the same events.
class StreamDecoder {
 public:
  void feed(std::string_view bytes, hub::EventSink& sink);
  // The provider closed: a last event without its blank line is taken. Fails with
  // upstream_protocol if message_stop never came, with upstream_status if the stream said an error.
  Result<void> finish(hub::EventSink& sink);

  // The stream is translated: an object that is no JSON fails it, as its part would be missing.
  void be_strict() { strict_ = true; }
  std::uint32_t unparsed() const { return unparsed_; }  // events that should have been JSON

 private:
  struct Document;
  // A call that began while another was open: some imitations send them side by side.
  struct Waiting {
    std::int64_t index;
    std::string block, arguments;
    bool stopped;
  };
  void take(std::string_view data, hub::EventSink& sink);
  void start(const Document& d, hub::EventSink& sink);
  void start(hub::EventSink& sink);  // unless it has
  void open(const Document& d, hub::EventSink& sink);
  void begin(std::string_view block, std::int64_t index, hub::EventSink& sink);
  void begin_unsaid(hub::BlockKind kind, std::int64_t index, hub::EventSink& sink);
  void nameless(std::int64_t index, hub::EventSink& sink);
  Waiting* waiting(std::int64_t index);
  void stop(const Document& d, hub::EventSink& sink);
  void close_all(hub::EventSink& sink);
  void delta(const Document& d, hub::EventSink& sink);
  void close(hub::EventSink& sink);
  bool take_known(std::string_view data, hub::EventSink& sink);
  void fail(UpstreamFault fault, hub::EventSink& sink);

  SseDecoder sse_;
  DeltaMemo memo_;  // of the open block
  Usage usage_;
  UpstreamFault fault_;
  std::uint32_t unparsed_ = 0;
  std::uint32_t next_ = 0;
  std::int64_t index_ = -1;  // of the open block, as the provider counts
  std::vector<Waiting> waiting_;
  hub::BlockKind kind_ = hub::BlockKind::text;
  hub::Dropped lost_;
  bool open_ = false, started_ = false, ended_ = false, failed_ = false, strict_ = false;
};

}  // namespace steelyard::dialect::anthropic
