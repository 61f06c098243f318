#pragma once
// Answers of Bedrock's Converse and ConverseStream as hub events (research/wire 1.5, 2.6.6).
// Lenient: what is not understood is passed over. Blocks may begin with their first delta; usage
// comes after the message has stopped, so the answer is over with it, or when the provider closes.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/aws_frames.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::converse {

// "" is none.
hub::StopReason stop_named(std::string_view name);

// Converse's answers name neither themselves nor their model.
struct DecoderOptions {
  std::string_view id, model;  // must outlive the decoder
};

// {inputTokens, ...}: cached tokens are not inside inputTokens, but inside what is returned.
bool read_usage(LenientReader& reader, ReportedUsage& out);

// A whole answer. An error object in its place becomes a fault event. False: the body is no JSON
// object; then nothing was sent to the sink.
bool read_answer(std::string_view body, const DecoderOptions& options, hub::EventSink& sink);

// One per stream. Any split of the bytes gives the same events.
class StreamDecoder {
 public:
  explicit StreamDecoder(const DecoderOptions& options = {}) : options_(options) {}

  void feed(std::string_view bytes, hub::EventSink& sink);
  // The provider closed. Fails with upstream_protocol if the message never stopped or a frame is
  // damaged, with upstream_status if the stream said an error.
  Result<void> finish(hub::EventSink& sink);

 private:
  struct Document;
  void take(const AwsFrame& frame, hub::EventSink& sink);
  void open(hub::BlockKind kind, std::string_view id, std::string_view name, hub::EventSink& sink);
  void ensure_open(hub::BlockKind kind, std::int64_t index, hub::EventSink& sink);
  void delta(const Document& d, hub::EventSink& sink);
  void say(hub::DeltaKind kind, std::string_view text, hub::EventSink& sink);
  void close(hub::EventSink& sink);
  void start(hub::EventSink& sink);
  void end(hub::EventSink& sink);
  void fail(UpstreamFault fault, hub::EventSink& sink);

  DecoderOptions options_;
  AwsFrames frames_;
  UpstreamFault fault_;
  hub::Dropped lost_;
  std::uint32_t next_ = 0;
  std::int64_t index_ = -1;  // of the block under way, as the provider numbers them
  hub::BlockKind kind_ = hub::BlockKind::text;
  bool open_ = false, started_ = false, stopped_ = false, ended_ = false, failed_ = false;
};

}  // namespace steelyard::dialect::converse
