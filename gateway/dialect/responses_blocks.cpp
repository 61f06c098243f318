#include "gateway/dialect/responses_blocks.h"

#include <algorithm>

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_annotation.h"

namespace steelyard::dialect::responses {
namespace {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;

enum Key { kType, kCallId, kName, kArguments, kInput, kEncrypted, kContent, kSummary, kId, kPhase };
constexpr KeyTable kItem(key_names("type", "call_id", "name", "arguments", "input",
                                   "encrypted_content", "content", "summary", "id", "phase"));
constexpr KeyTable kPart(key_names("type", "text", "refusal", "annotations", "logprobs"));
constexpr std::uint32_t parts_most = 4'096;  // of one item; more are not told apart

bool is_call(std::string_view type) {
  return type == "function_call" || type == "custom_tool_call";
}

}  // namespace

bool read_item(std::string_view json, ItemFacts& out) {
  LenientReader reader(json);
  if (reader.cursor.peek() != '{') return false;
  out.raw = json;
  return reader.object(kItem, [&](int key) {
    switch (key) {
      case kType: return reader.text(out.type);
      case kCallId: return reader.text(out.call_id);
      case kName: return reader.text(out.name);
      case kArguments: return reader.text(out.arguments);
      case kInput: return reader.text(out.input);
      case kEncrypted: return reader.text(out.encrypted);
      case kContent: return reader.cursor.take_raw(out.content);
      case kSummary: return reader.cursor.take_raw(out.summary);
      case kId: return reader.text(out.id);
      case kPhase: return reader.pass(out.phase);
      default: return reader.cursor.skip_value();
    }
  });
}

ItemBlocks::Item& ItemBlocks::item(std::uint32_t index) {
  const auto found = std::find_if(items_.begin(), items_.end(),
                                  [index](const Item& i) { return i.index == index; });
  if (found != items_.end()) return *found;
  items_.emplace_back();
  items_.back().index = index;
  return items_.back();
}

void ItemBlocks::name(Item& item, const ItemFacts& facts) {
  if (item.type.empty()) item.type = facts.type;
  if (item.call_id.empty()) item.call_id = facts.call_id;
  if (item.name.empty()) item.name = facts.name;
}

void ItemBlocks::begin(std::uint32_t index, const ItemFacts& facts, EventSink& sink) {
  name(item(index), facts);
  advance(sink);
}

void ItemBlocks::piece(std::uint32_t index, BlockKind kind, std::uint32_t part,
                       std::string_view text, std::string_view logprobs, EventSink& sink) {
  Item& to = item(index);
  if (to.closed || to.whole || text.empty()) return;
  part = std::min(part, parts_most - 1);
  if (to.type.empty() && kind != BlockKind::tool_call)
    to.type = kind == BlockKind::thinking ? "reasoning" : "message";
  if (to.said.size() <= part) to.said.resize(part + 1);
  to.said[part] += text;
  to.weighed = to.weighed || logprobs.size() > 2;
  to.waiting.push_back({kind,
                        part,
                        std::string(text),
                        std::string(logprobs.size() > 2 ? logprobs : std::string_view()),
                        {}});
  advance(sink);
}

// What of a part's whole text was not said. Told differently the second time, it stays as it was.
void ItemBlocks::rest(Item& item, BlockKind kind, std::uint32_t part, std::string_view text,
                      std::string_view logprobs) {
  part = std::min(part, parts_most - 1);
  if (item.said.size() <= part) item.said.resize(part + 1);
  const std::string& said = item.said[part];
  if (!text.starts_with(said) || item.weighed) logprobs = {};
  if (logprobs.empty() && (!text.starts_with(said) || text.size() == said.size())) return;
  item.waiting.push_back(
      {kind, part, std::string(text.substr(said.size())), std::string(logprobs), {}});
}

void ItemBlocks::parts(Item& item, std::string_view json, bool thoughts) {
  LenientReader reader(json);
  std::uint32_t part = 0;
  reader.array([&] {
    std::string_view values[3], lists[2];
    const bool ok = reader.object(kPart, [&](int key) {
      if (key < 0) return reader.cursor.skip_value();
      if (key < 3) return reader.text(values[key]);
      std::string_view raw;
      if (!reader.cursor.take_raw(raw)) return false;
      if (raw.size() > 2 && raw[0] == '[') lists[key - 3] = raw;
      return true;
    });
    if (!ok) return false;
    const bool refusal = values[0] == "refusal";
    if (!refusal && !values[0].ends_with("text")) lost_.add(hub::Loss::native_parts);
    const BlockKind kind = thoughts  ? BlockKind::thinking
                           : refusal ? BlockKind::refusal
                                     : BlockKind::text;
    rest(item, kind, part, refusal ? values[2] : values[1], lists[1]);
    if (!lists[0].empty()) item.waiting.push_back({kind, part, {}, {}, std::string(lists[0])});
    ++part;
    return true;
  });
}

void ItemBlocks::whole(std::uint32_t index, const ItemFacts& facts, EventSink& sink) {
  Item& to = item(index);
  if (to.closed || to.whole) return;
  name(to, facts);
  if (is_call(to.type)) {
    rest(to, BlockKind::tool_call, 0, to.type == "function_call" ? facts.arguments : facts.input);
  } else if (to.type == "reasoning") {
    to.signature = facts.encrypted;
    // Its own words stand in `content`, where there are any; a summary may stand beside them.
    const bool summary = facts.summary.size() > 2;
    parts(to, summary ? facts.summary : facts.content, true);
    if (summary && facts.content.size() > 2) lost_.add(hub::Loss::thinking);
  } else if (to.type == "message") {
    parts(to, facts.content, false);
    if (facts.phase) lost_.add(hub::Loss::fields);
  } else {
    to.native = facts.raw;
  }
  to.whole = true;
  advance(sink);
}

void ItemBlocks::finish(EventSink& sink) {
  for (Item& item : items_) item.whole = true;
  advance(sink);
}

// Says what the first unfinished item has to say, and those behind it once it is over.
void ItemBlocks::advance(EventSink& sink) {
  for (; current_ < items_.size(); ++current_) {
    Item& item = items_[current_];
    send(item, sink);
    if (!item.whole) return;
    if (!item.signature.empty()) {
      if (open_ && kind_ != BlockKind::thinking) close(sink);
      if (!open_) open(BlockKind::thinking, item, {}, sink);
      delta(DeltaKind::signature, std::string(hub::openai_tag) + item.signature, sink);
    }
    if (!item.native.empty()) {
      close(sink);  // what it said in deltas of another kind
      open(BlockKind::native, item, item.native, sink);
    }
    close(sink);
    item.closed = true;
    item.said.clear();
  }
}

void ItemBlocks::send(Item& item, EventSink& sink) {
  const bool named = !item.name.empty() || item.whole;  // later no name will come
  if (item.whole && item.call_id.empty()) item.call_id = "call_0_" + std::to_string(item.index);
  if (item.whole && item.name.empty()) nameless_ = nameless_ || is_call(item.type);
  if (is_call(item.type) && named && !open_) open(BlockKind::tool_call, item, {}, sink);
  for (const Piece& piece : item.waiting) {
    if (piece.text.empty()) {
      beside(piece, sink);
      continue;
    }
    if (piece.kind == BlockKind::tool_call && !open_) {
      if (!item.whole) return;             // whose arguments are these?
      if (!item.native.empty()) continue;  // its own, and it goes whole
      nameless_ = true;
    }
    if (open_ && kind_ == BlockKind::thinking && piece.part != part_) {
      part_ = piece.part;
      delta(DeltaKind::text, "\\n\\n", sink);
    }
    if (open_ && (kind_ != piece.kind || part_ != piece.part) && kind_ != BlockKind::tool_call)
      close(sink);
    if (!open_) open(piece.kind, item, {}, sink);
    part_ = piece.part;
    delta(DeltaKind::text, piece.text, sink, piece.logprobs);
  }
  item.waiting.clear();
}

// What a text's item says of it once the text is said: while its block is open.
void ItemBlocks::beside(const Piece& piece, EventSink& sink) {
  const bool here = open_ && kind_ == piece.kind && part_ == piece.part;
  if (!piece.logprobs.empty()) {
    if (here)
      delta(DeltaKind::text, {}, sink, piece.logprobs);
    else
      lost_.add(hub::Loss::logprobs);
  }
  if (piece.annotations.empty()) return;
  const bool all =
      here && openai::send_annotations(piece.annotations, 0, hub::Span::points_of_block, sink);
  if (!all) lost_.add(hub::Loss::citations);
}

void ItemBlocks::open(BlockKind kind, const Item& item, std::string_view raw, EventSink& sink) {
  open_ = true;
  kind_ = kind;
  part_ = 0;
  custom_ = kind == BlockKind::tool_call && item.type == "custom_tool_call";
  calls_ = calls_ || kind == BlockKind::tool_call;
  Event event;
  event.kind = EventKind::open;
  event.block = kind;
  event.index = next_;
  event.raw = raw;
  event.custom_tool = custom_;
  if (kind == BlockKind::tool_call) {
    event.id = item.call_id;
    event.name = item.name;
  }
  sink.take(event);
}

void ItemBlocks::delta(DeltaKind what, std::string_view text, EventSink& sink,
                       std::string_view logprobs) {
  Event event;
  event.kind = EventKind::delta;
  event.block = kind_;
  event.delta = what;
  event.index = next_;
  event.text = text;
  event.raw = logprobs;
  event.custom_tool = custom_;
  sink.take(event);
}

void ItemBlocks::close(EventSink& sink) {
  if (!open_) return;
  open_ = false;
  Event event;
  event.kind = EventKind::close;
  event.block = kind_;
  event.index = next_++;
  event.custom_tool = custom_;
  sink.take(event);
}

}  // namespace steelyard::dialect::responses
