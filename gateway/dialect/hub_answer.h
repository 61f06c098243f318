#pragma once
// An answer as events that are no dialect's own: what a stream decoder says as bytes come in, what
// a whole answer says at once, and what an encoder or a whole-answer writer takes
// (research/wire 2.0). So four readers and four writers make all sixteen pairs.
//
// The order is: start, then blocks one after the other, each open, delta..., close, never one
// inside another within a choice; usage and ping anywhere; citations anywhere before the choice's
// stop (hub_place.h brings them to where a client wants them); stop once per choice; end or fault
// last.
#include <cstdint>
#include <string_view>

#include "gateway/dialect/fault.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::hub {

enum class EventKind : std::uint8_t {
  start,
  open,
  delta,
  close,
  usage,
  stop,
  ping,
  fault,
  end,
  citation
};
struct Citation;

enum class BlockKind : std::uint8_t {
  text,
  thinking,
  redacted_thinking,  // whole in `open`: text is opaque
  tool_call,
  refusal,
  native,  // whole in `open`: raw is the block; only its own dialect shows it
};

enum class DeltaKind : std::uint8_t {
  text,  // more of the block's own text: words, thoughts, a piece of the arguments' JSON
  signature,
};

enum class StopReason : std::uint8_t {
  none,
  end,
  tool,
  length,
  stop_string,
  context_full,
  refusal,  // the model's, or a filter's
  pause,    // a server tool runs on; the client sends the turn again
  error,
  other,
};

// Views live during the call only. Escaped and raw as in hub.h.
struct Event {
  EventKind kind = EventKind::ping;
  BlockKind block = BlockKind::text;  // open, delta, close
  DeltaKind delta = DeltaKind::text;
  StopReason stop = StopReason::none;
  std::uint32_t choice = 0;
  std::uint32_t index = 0;  // of the block, from 0 within its choice
  std::string_view text;    // escaped: delta; opaque data; stop: the stop sequence that hit
  std::string_view id;      // escaped: start: of the answer; open: of the call; end: of what its
                            // provider keeps of it, a line each
  std::string_view name;    // escaped: start: the model; open: the tool
  // raw: open: native block; delta of text: log probabilities of its tokens, an array as Chat and
  // Responses have it, "" none (the text may then be empty)
  std::string_view raw;
  std::string_view tier;       // escaped: start: service tier
  std::string_view signature;  // escaped: open of a call: Gemini's thoughtSignature
  bool custom_tool = false;    // the call's text is free text, not JSON
  ReportedUsage usage;         // usage: absolute, the last one counts
  Dropped lost;                // end: what of the answer is in no other event
  const UpstreamFault* fault = nullptr;
  const Citation* citation = nullptr;  // citation; null: of a kind that is not known
};

class EventSink {
 public:
  virtual void take(const Event& event) = 0;

 protected:
  ~EventSink() = default;
};

}  // namespace steelyard::dialect::hub
