#pragma once
// Pieces of Converse's answers that streams and whole answers share. Used by converse_events.cpp
// and converse_answer.cpp.
#include <cstdint>
#include <string_view>

#include "gateway/dialect/converse_events.h"

namespace steelyard::dialect::converse {

// One block of an answer, or one delta.
struct Block {
  std::string_view text, signature, redacted, reasoning, id, name, input;
  std::string_view cited, citations;  // raw arrays: pieces of a text, what they were taken from
  std::string_view citation;          // raw: a delta's
  bool is_text = false, is_tool = false, is_reasoning = false;
  bool is_other = false;  // a picture, a tool that ran at Amazon
};

bool read_block(LenientReader& reader, Block& out);

// Passes over a value that other dialects have no place for.
bool lose(LenientReader& reader, hub::Loss loss, hub::Dropped& lost);

// One raw citation to the sink.
void send_citation(std::string_view json, hub::EventSink& sink);

// Nothing where there is nothing to say.
void send(hub::EventSink& sink, hub::EventKind kind, hub::BlockKind block, std::uint32_t index,
          std::string_view text = {}, hub::DeltaKind delta = hub::DeltaKind::text);
// {"type":"flex"}
bool read_tier(LenientReader& reader, std::string_view& out);

}  // namespace steelyard::dialect::converse
