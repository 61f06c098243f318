#include "gateway/dialect/anthropic_block.h"

#include "config/types/json_writer.h"
#include "gateway/dialect/anthropic_citation.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::anthropic {
namespace {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;

enum Key { kType, kText, kThinking, kSignature, kData, kId, kName, kInput, kCitations };
constexpr KeyTable kKeys(key_names("type", "text", "thinking", "signature", "data", "id", "name",
                                   "input", "citations"));
constexpr KeyTable kTypes(key_names("text", "thinking", "redacted_thinking", "tool_use"));
constexpr BlockKind kKinds[] = {BlockKind::text, BlockKind::thinking, BlockKind::redacted_thinking,
                                BlockKind::tool_call};

struct Block {
  std::string_view text[kKeys.size()], input, citations;
  BlockKind kind = BlockKind::native;
};

Block parse(std::string_view json) {
  Block block;
  LenientReader reader(json);
  reader.object(kKeys, [&](int key) {
    if (key < 0) return reader.cursor.skip_value();
    if (key == kInput) return reader.cursor.take_raw(block.input);
    if (key == kCitations) return reader.cursor.take_raw(block.citations);
    return reader.text(block.text[key]);
  });
  const int known = kTypes.find(block.text[kType]);
  if (known >= 0) block.kind = kKinds[known];
  return block;
}

void send_delta(BlockKind kind, DeltaKind delta, std::uint32_t index, std::string_view text,
                EventSink& sink) {
  if (text.empty()) return;
  Event event;
  event.kind = EventKind::delta;
  event.block = kind;
  event.delta = delta;
  event.index = index;
  event.text = text;
  sink.take(event);
}

// The arguments of a call that came whole. A stream's empty ones are a placeholder.
void send_input(const Block& block, std::uint32_t index, bool whole, EventSink& sink) {
  LenientReader reader(block.input);
  const bool empty = block.input.empty() || block.input == "{}";
  if (empty && !whole) return;
  std::string escaped;
  append_json_escaped(escaped, block.input.empty() ? "{}" : block.input);
  send_delta(BlockKind::tool_call, DeltaKind::text, index, escaped, sink);
}

void send_open(const Block& block, std::string_view raw, std::uint32_t index, EventSink& sink) {
  Event event;
  event.kind = EventKind::open;
  event.block = block.kind;
  event.index = index;
  if (block.kind == BlockKind::native) event.raw = raw;
  if (block.kind == BlockKind::redacted_thinking) event.text = block.text[kData];
  if (block.kind == BlockKind::tool_call) {
    event.id = block.text[kId];
    event.name = block.text[kName];
  }
  sink.take(event);
}

void send_inside(const Block& block, std::uint32_t index, bool whole, EventSink& sink) {
  switch (block.kind) {
    case BlockKind::text: {
      send_delta(block.kind, DeltaKind::text, index, block.text[kText], sink);
      LenientReader reader(block.citations.empty() ? "null" : block.citations);
      reader.array([&] {
        std::string_view one;
        if (!reader.cursor.take_raw(one)) return false;
        send_citation(one, sink);
        return true;
      });
      return;
    }
    case BlockKind::thinking:
      send_delta(block.kind, DeltaKind::text, index, block.text[kThinking], sink);
      return send_delta(block.kind, DeltaKind::signature, index, block.text[kSignature], sink);
    case BlockKind::tool_call: return send_input(block, index, whole, sink);
    default: return;
  }
}

}  // namespace

void send_citation(std::string_view raw, EventSink& sink) {
  hub::Citation citation;
  Event event;
  event.kind = EventKind::citation;
  if (read_citation(raw, citation)) event.citation = &citation;
  sink.take(event);
}

OpenedBlock open_block(std::string_view raw, std::uint32_t index, EventSink& sink) {
  const Block block = parse(raw);
  send_open(block, raw, index, sink);
  send_inside(block, index, false, sink);
  return {block.kind,
          block.kind == BlockKind::native || block.kind == BlockKind::redacted_thinking};
}

std::uint32_t send_blocks(std::string_view content, EventSink& sink) {
  LenientReader reader(content);
  std::uint32_t index = 0;
  reader.array([&] {
    std::string_view raw;
    if (!reader.cursor.take_raw(raw)) return false;
    if (!raw.starts_with('{')) return true;
    const Block block = parse(raw);
    send_open(block, raw, index, sink);
    send_inside(block, index, true, sink);
    Event close;
    close.kind = EventKind::close;
    close.block = block.kind;
    close.index = index++;
    sink.take(close);
    return true;
  });
  return index;
}

}  // namespace steelyard::dialect::anthropic
