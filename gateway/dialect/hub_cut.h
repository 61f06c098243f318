#pragma once
// The end of a stream that the gateway ends itself, before the provider does: as if the limit on
// output tokens had been reached. What the client has got is whole events of its own dialect.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/hub_wires.h"

namespace steelyard::dialect::hub {

struct CutShort {
  BridgeOptions options;       // `client` and `json_array`, `include_usage`
  std::string_view id, model;  // escaped; as the client has seen them
  std::string_view created;    // seconds since 1970, a number's text: Chat
  StreamPlace place;           // Responses
  std::uint32_t choices = 1;
  std::int64_t open_block = -1;  // Anthropic: the index of the block that is not closed; -1: none
  ReportedUsage usage;           // what the client is told
};

// Appends the terminal events. Choices that had ended already end again, as `length`.
void write_cut(std::string& out, const CutShort& cut);

// The part of it that a writer which has written the stream so far still has to hear, when its
// blocks are closed.
void write_stop(EventSink& writer, const CutShort& cut);

// What a Chat chunk says of its answer: views into `text`, which holds at least one whole event.
struct ChunkNames {
  std::string_view id, model, created;
};
ChunkNames names_in_chunk(std::string_view text);

// Bytes of `text` up to the end of the last whole event in it; npos: none ends there.
std::size_t last_event_end(std::string_view text);

}  // namespace steelyard::dialect::hub
