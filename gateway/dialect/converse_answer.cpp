#include <algorithm>

#include "config/types/json_writer.h"
#include "gateway/dialect/converse_block.h"
#include "gateway/dialect/hub_send.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/openai_response.h"

namespace steelyard::dialect::converse {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;
using hub::StopReason;

namespace {

constexpr KeyTable kStops(key_names("end_turn", "tool_use", "max_tokens", "stop_sequence",
                                    "guardrail_intervened", "content_filtered",
                                    "malformed_model_output", "malformed_tool_use",
                                    "model_context_window_exceeded"));
constexpr StopReason kStopOf[] = {
    StopReason::end,         StopReason::tool,    StopReason::length,
    StopReason::stop_string, StopReason::refusal, StopReason::refusal,
    StopReason::error,       StopReason::error,   StopReason::context_full};
static_assert(std::size(kStopOf) == kStops.size());

constexpr KeyTable kUsageKeys(key_names("inputTokens", "outputTokens", "cacheReadInputTokens",
                                        "cacheWriteInputTokens", "cacheDetails"));
constexpr KeyTable kCacheDetail(key_names("ttl", "inputTokens"));
constexpr KeyTable kAnswerKeys(key_names("output", "stopReason", "usage", "trace",
                                         "additionalModelResponseFields", "serviceTier"));
constexpr KeyTable kTierKeys(key_names("type"));
constexpr KeyTable kOutputKeys(key_names("message"));
constexpr KeyTable kMessageKeys(key_names("content"));
constexpr KeyTable kBlockKeys(key_names("text", "toolUse", "reasoningContent", "citationsContent",
                                        "citation"));
constexpr KeyTable kToolKeys(key_names("toolUseId", "name", "input", "type"));
constexpr KeyTable kReasoningKeys(key_names("reasoningText", "redactedContent", "text",
                                            "signature"));
constexpr KeyTable kCitedKeys(key_names("content", "citations"));
constexpr KeyTable kTextKey(key_names("text"));

std::int64_t in_range(std::int64_t tokens) {
  return std::clamp(tokens, std::int64_t{0}, usage_tokens_max);
}

bool read_reasoning(LenientReader& reader, Block& out) {
  out.is_reasoning = true;
  const auto flat = [&](int key) {
    if (key == 1) return reader.text(out.redacted);
    if (key == 2) return reader.text(out.reasoning);
    return key == 3 ? reader.text(out.signature) : reader.cursor.skip_value();
  };
  return reader.object(kReasoningKeys, [&](int key) {
    return key == 0 ? reader.object(kReasoningKeys, flat) : flat(key);
  });
}

// A text with citations: its pieces, one after the other.
void send_cited(std::string_view content, std::uint32_t index, EventSink& sink) {
  LenientReader list(content);
  list.array([&] {
    std::string_view text;
    const bool ok = list.object(
        kTextKey, [&](int k) { return k == 0 ? list.text(text) : list.cursor.skip_value(); });
    send(sink, EventKind::delta, BlockKind::text, index, text);
    return ok;
  });
}

void send_block(const Block& block, std::uint32_t index, EventSink& sink) {
  BlockKind kind = BlockKind::native;
  if (block.is_text || !block.cited.empty()) kind = BlockKind::text;
  if (block.is_tool) kind = BlockKind::tool_call;
  if (block.is_reasoning)
    kind = block.redacted.empty() ? BlockKind::thinking : BlockKind::redacted_thinking;
  if (block.is_other) kind = BlockKind::native;
  Event open;
  open.kind = EventKind::open;
  open.block = kind;
  open.index = index;
  open.id = block.id;
  open.name = block.name;
  open.text = block.redacted;
  sink.take(open);
  if (kind == BlockKind::text) {
    send(sink, EventKind::delta, kind, index, block.text);
    if (!block.cited.empty()) send_cited(block.cited, index, sink);
    LenientReader list(block.citations.empty() ? "[]" : block.citations);
    list.array([&] {
      std::string_view one;
      if (!list.cursor.take_raw(one)) return false;
      send_citation(one, sink);
      return true;
    });
  }
  if (kind == BlockKind::thinking) {
    send(sink, EventKind::delta, kind, index, block.reasoning);
    send(sink, EventKind::delta, kind, index, block.signature, DeltaKind::signature);
  }
  if (kind == BlockKind::tool_call) {
    std::string arguments;
    append_json_escaped(arguments, block.input.empty() ? "{}" : block.input);
    send(sink, EventKind::delta, kind, index, arguments);
  }
  send(sink, EventKind::close, kind, index);
}

}  // namespace

StopReason stop_named(std::string_view name) {
  if (name.empty()) return StopReason::none;
  const int known = kStops.find(name);
  return known >= 0 ? kStopOf[known] : StopReason::other;
}

bool lose(LenientReader& reader, hub::Loss loss, hub::Dropped& lost) {
  bool said = false;
  if (!reader.pass(said)) return false;
  if (said) lost.add(loss);
  return true;
}

bool read_tier(LenientReader& reader, std::string_view& out) {
  return reader.object(
      kTierKeys, [&](int key) { return key == 0 ? reader.text(out) : reader.cursor.skip_value(); });
}

bool read_block(LenientReader& reader, Block& out) {
  return reader.object(kBlockKeys, [&](int key) {
    if (key == 0) {
      out.is_text = true;
      return reader.text(out.text);
    }
    if (key == 2) return read_reasoning(reader, out);
    if (key == 3)
      return reader.object(kCitedKeys, [&](int k) {
        if (k < 0) return reader.cursor.skip_value();
        return reader.cursor.take_raw(k == 0 ? out.cited : out.citations);
      });
    if (key == 4) return reader.cursor.take_raw(out.citation);
    if (key != 1) return reader.pass(out.is_other);
    out.is_tool = true;
    return reader.object(kToolKeys, [&](int k) {
      if (k == 3) {  // "server_tool_use": Amazon runs it
        std::string_view type;
        if (!reader.text(type)) return false;
        out.is_other = out.is_other || type.starts_with("server");
        return true;
      }
      if (k == 0) return reader.text(out.id);
      if (k == 1) return reader.text(out.name);
      return k == 2 ? reader.cursor.take_raw(out.input) : reader.cursor.skip_value();
    });
  });
}

void send(EventSink& sink, EventKind kind, BlockKind block, std::uint32_t index,
          std::string_view text, DeltaKind delta) {
  if (kind == EventKind::delta && text.empty()) return;
  Event event;
  event.kind = kind;
  event.block = block;
  event.index = index;
  event.text = text;
  event.delta = delta;
  sink.take(event);
}

bool read_usage(LenientReader& reader, ReportedUsage& out) {
  std::int64_t input = 0, output = 0, read = 0, write = 0, write_1h = 0, details = 0;
  bool present = false, ignored = false;
  const bool ok = reader.object(kUsageKeys, [&](int key) {
    switch (key) {
      case 0: return reader.integer(input, present);
      case 1: return reader.integer(output, present);
      case 2: return reader.integer(read, ignored);
      case 3: return reader.integer(write, ignored);
      case 4:
        return reader.array([&] {
          std::string_view ttl;
          std::int64_t tokens = 0;
          const bool good = reader.object(kCacheDetail, [&](int k) {
            if (k == 0) return reader.text(ttl);
            return k == 1 ? reader.integer(tokens, ignored) : reader.cursor.skip_value();
          });
          details = in_range(details + in_range(tokens));
          if (ttl == "1h") write_1h = in_range(write_1h + in_range(tokens));
          return good;
        });
      default: return reader.cursor.skip_value();
    }
  });
  if (!ok || !present) return ok;
  out = {};
  out.present = true;
  out.cached = in_range(read);
  out.cache_write = std::max(in_range(write), details);
  out.cache_write_1h = std::min(write_1h, out.cache_write);
  out.prompt = in_range(input) + out.cached + out.cache_write;
  out.completion = in_range(output);
  return true;
}

bool read_answer(std::string_view body, const DecoderOptions& options, EventSink& sink) {
  std::string_view content, stop, tier;
  ReportedUsage usage;
  hub::Dropped lost;
  bool answered = false;
  LenientReader reader(body);
  const bool ok = reader.cursor.peek() == '{' && reader.object(kAnswerKeys, [&](int key) {
    if (key == 1) return reader.text(stop);
    if (key == 2) return read_usage(reader, usage);
    if (key == 3) return lose(reader, hub::Loss::safety, lost);
    if (key == 4) return lose(reader, hub::Loss::fields, lost);
    if (key == 5) return read_tier(reader, tier);
    if (key != 0) return reader.cursor.skip_value();
    answered = true;
    return reader.object(kOutputKeys, [&](int k) {
      if (k != 0) return reader.cursor.skip_value();
      return reader.object(kMessageKeys, [&](int m) {
        return m == 0 ? reader.cursor.take_raw(content) : reader.cursor.skip_value();
      });
    });
  });
  if (!ok) return false;
  if (!answered) {
    const UpstreamFault fault = openai::parse_error(200, body);
    hub::send_fault(fault, sink);
    return true;
  }
  hub::send_start(options.id, options.model, tier, sink);
  std::uint32_t index = 0;
  LenientReader list(content.empty() ? "[]" : content);
  list.array([&] {
    Block block;
    const bool good = read_block(list, block);
    send_block(block, index++, sink);
    return good;
  });
  hub::send_usage(usage, sink);
  hub::send_stop(stop_named(stop), {}, 0, sink);
  hub::send_end(lost, {}, sink);
  return true;
}

}  // namespace steelyard::dialect::converse
