#pragma once
// Content blocks of an answer as hub events. Used by anthropic_events.cpp.
#include <cstdint>
#include <string_view>

#include "gateway/dialect/hub_answer.h"

namespace steelyard::dialect::anthropic {

struct OpenedBlock {
  hub::BlockKind kind = hub::BlockKind::native;
  bool whole = false;  // nothing can follow: it comes in one piece
};

// Sends `open` for a raw content_block, and a delta for what it already holds.
OpenedBlock open_block(std::string_view block, std::uint32_t index, hub::EventSink& sink);
// Sends open, deltas and close for each element of a raw `content` array; returns how many.
std::uint32_t send_blocks(std::string_view content, hub::EventSink& sink);

// One raw citation of a text.
void send_citation(std::string_view raw, hub::EventSink& sink);

}  // namespace steelyard::dialect::anthropic
