#pragma once
// Watches an OpenAI Chat Completions stream on its way to the client: every byte passes as it came,
// except one usage-only event the client did not ask for. Finds usage, finish reasons, errors, and
// whether the stream really ended.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/sse.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect {
class JsonIndex;
}

namespace steelyard::dialect::openai {

struct TapOptions {
  bool drop_usage_chunk = false;  // the gateway asked for usage, the client did not
  bool ends_without_done =
      false;  // provider quirk: a finish reason ends the stream (Perplexity, some TGI)
};

// How far the answer has come. Only grows, but `failed` wins over all others.
enum class StreamPhase : std::uint8_t {
  silent,    // no event yet (comments do not count)
  preamble,  // events, but nothing a user would see: role chunk, Azure's filter results
  content,   // text, reasoning, a tool call or a finish reason: the commit point, and time to first
             // token
  done,      // [DONE]
  failed,    // an error object: before content the request may go elsewhere
};

// Bytes to write to the client, in order: views over the bytes fed and over the tap's own carry.
// Valid until the next call of the tap or until the input goes.
class TapOutput {
 public:
  std::span<const std::string_view> parts() const { return {parts_.data(), count_}; }
  std::size_t size() const;
  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }
  static constexpr std::size_t parts_max = 16;

 private:
  friend class StreamTap;
  void push(std::string_view part);
  std::array<std::string_view, parts_max> parts_;
  std::size_t count_ = 0;
};

struct StreamFacts {
  ReportedUsage usage;                       // the last one reported
  FinishReason finish = FinishReason::none;  // last one of choice 0 (or of a chunk without index)
  FinishSet finishes;                        // all choices
  UpstreamFault fault;                       // set when phase is `failed`
  std::int64_t output_bytes =
      0;                     // raw bytes inside the delta strings: text, reasoning, tool arguments
  std::uint32_t events = 0;  // with data
  std::uint32_t tool_calls = 0;
  std::uint32_t dropped = 0;  // usage-only events kept from the client
  bool done_seen = false;
  std::string tool_names;           // one a line, unescaped; at most tool_names_bytes_max
  std::string model, service_tier;  // as the provider last reported them
  static constexpr std::size_t tool_names_bytes_max = 4096;
};

// One per stream. `scratch` is the worker's; it is used only inside the calls.
class StreamTap {
 public:
  StreamTap(TapOptions options, JsonIndex& scratch);

  // Any split of the stream gives the same facts and the same passed bytes.
  void feed(std::string_view bytes, TapOutput& out);
  // The provider closed, cleanly as HTTP sees it. `out` gets what was held back. Fails with
  // upstream_protocol if the stream did not say that it was over, with upstream_status if it said
  // an error.
  Result<void> finish(TapOutput& out);

  StreamPhase phase() const { return phase_; }
  const StreamFacts& facts() const { return facts_; }

 private:
  enum class Verdict : std::uint8_t { undecided, pass, drop };
  void take_line(const SseLine& line);
  void take_data(std::string_view data);
  void inspect(std::string_view json);
  void parse(std::string_view json);
  void end_event();
  void raise(StreamPhase phase);
  void hold(std::string_view part);

  TapOptions options_;
  JsonIndex* scratch_;
  SseLines lines_{SseLines::Overlong::skip};
  StreamFacts facts_;
  std::string joined_;  // data of a multi-line event
  std::string held_;    // bytes of an event that may yet be dropped, from earlier reads
  StreamPhase phase_ = StreamPhase::silent;
  Verdict verdict_ = Verdict::undecided;
  std::uint32_t data_lines_ = 0;
  bool error_event_ = false;  // "event: error"
};

}  // namespace steelyard::dialect::openai
