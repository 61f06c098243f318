// The state machine of one choice: chat deltas in any order, blocks one after the other out.
#include "config/types/json_writer.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/openai_annotation.h"
#include "gateway/dialect/openai_events.h"

namespace steelyard::dialect::openai {

using hub::BlockKind;
using hub::DeltaKind;
using hub::Event;
using hub::EventKind;
using hub::EventSink;
using hub::StopReason;

void ChoiceBlocks::open(BlockKind kind, EventSink& sink, const Call* call) {
  kind_ = kind;
  open_ = true;
  Event event;
  event.kind = EventKind::open;
  event.block = kind;
  event.choice = choice_;
  event.index = next_++;
  if (call != nullptr) {
    event.id = call->id;
    event.name = call->name;
    event.custom_tool = call->custom;
    event.signature = call->signature;
  }
  sink.take(event);
}

void ChoiceBlocks::close(EventSink& sink) {
  if (!open_) return;
  open_ = false;
  Event event;
  event.kind = EventKind::close;
  event.block = kind_;
  event.choice = choice_;
  event.index = next_ - 1;
  sink.take(event);
}

void ChoiceBlocks::ensure_open(BlockKind kind, EventSink& sink) {
  if (open_ && kind_ == kind) return;
  close(sink);
  open(kind, sink);
}

void ChoiceBlocks::words(BlockKind kind, std::string_view text, std::string_view logprobs,
                         EventSink& sink) {
  if (text.empty() && (logprobs.empty() || !open_ || kind_ != kind)) {
    if (!logprobs.empty()) lost_.add(hub::Loss::logprobs);
    return;
  }
  if (current_ + 1 == calls_.size() && whole(calls_[current_])) advance(true, sink);
  if (current_ < calls_.size()) {  // a call is still being written
    if (kind == BlockKind::thinking)
      lost_.add(hub::Loss::thinking);
    else
      late_text_ += text;
    if (!logprobs.empty()) lost_.add(hub::Loss::logprobs);
    return;
  }
  ensure_open(kind, sink);
  Event event;
  event.kind = EventKind::delta;
  event.block = kind;
  event.choice = choice_;
  event.index = next_ - 1;
  event.text = text;
  event.raw = logprobs;
  sink.take(event);
}

void ChoiceBlocks::cite(std::string_view pages, EventSink& sink) {
  if (!send_annotations(pages, choice_, hub::Span::points_of_text, sink))
    lost_.add(hub::Loss::citations);
}

// By index; else by id; else the last one. An index that comes again with another id and a name is
// a new call: some providers send index 0 for all (research/wire 2.6.1).
ChoiceBlocks::Call& ChoiceBlocks::find(const CallPiece& piece) {
  Call* found = nullptr;
  for (Call& call : calls_) {
    const bool same = piece.index >= 0   ? call.key == piece.index
                      : piece.id.empty() ? true
                                         : call.id == piece.id;
    if (same) found = &call;
  }
  const bool another = found != nullptr && !piece.id.empty() && !found->id.empty() &&
                       piece.id != found->id && !piece.name.empty();
  if (found != nullptr && !another) return *found;
  calls_.emplace_back();
  calls_.back().key = piece.index;
  return calls_.back();
}

void ChoiceBlocks::call_piece(const CallPiece& piece, EventSink& sink) {
  Call& call = find(piece);
  if (call.closed) {  // never a delta for a block that is closed
    if (!piece.arguments.empty() || !piece.arguments_raw.empty())
      lost_.add(hub::Loss::tool_arguments);
    return;
  }
  if (call.id.empty()) call.id = piece.id;
  if (call.name.empty()) call.name = piece.name;
  call.custom = call.custom || piece.custom;
  if (call.signature.empty()) call.signature = piece.signature;
  call.arguments += piece.arguments;
  if (!piece.arguments_raw.empty()) append_json_escaped(call.arguments, piece.arguments_raw);
  advance(false, sink);
}

bool ChoiceBlocks::whole(const Call& call) {
  if (call.custom || !call.arguments.ends_with('}')) return false;
  scratch_.clear();
  append_unescaped(scratch_, call.arguments);
  return hub::is_answered_object(scratch_);
}

void ChoiceBlocks::send_more(Call& call, EventSink& sink) {
  if (call.sent == call.arguments.size()) return;
  Event event;
  event.kind = EventKind::delta;
  event.block = BlockKind::tool_call;
  event.choice = choice_;
  event.index = next_ - 1;
  event.text = std::string_view(call.arguments).substr(call.sent);
  event.custom_tool = call.custom;
  call.sent = call.arguments.size();
  sink.take(event);
}

// The first call that is not over is the open block; it is over when another began and its
// arguments are whole, or at the end.
void ChoiceBlocks::advance(bool last, EventSink& sink) {
  for (; current_ < calls_.size(); ++current_) {
    Call& call = calls_[current_];
    if (!call.opened) {
      if (call.name.empty() && !last) return;
      close(sink);
      if (call.id.empty())
        call.id = "call_" + std::to_string(choice_) + "_" + std::to_string(current_);
      open(BlockKind::tool_call, sink, &call);
      call.opened = true;
      nameless_ = nameless_ || call.name.empty();
    }
    send_more(call, sink);
    const bool another = current_ + 1 < calls_.size();
    if (!last && !(another && whole(call))) return;
    call.closed = true;
    close(sink);
  }
}

void ChoiceBlocks::sign(std::string_view signature, EventSink& sink) {
  ensure_open(BlockKind::thinking, sink);
  Event event;
  event.kind = EventKind::delta;
  event.block = BlockKind::thinking;
  event.delta = DeltaKind::signature;
  event.choice = choice_;
  event.index = next_ - 1;
  event.text = signature;
  sink.take(event);
  close(sink);
}

// The text of a detail repeats reasoning_content where both are.
void ChoiceBlocks::thought(const ThoughtPiece& piece, bool with_text, EventSink& sink) {
  if (with_text) words(BlockKind::thinking, piece.text, sink);
  if (!piece.signature.empty() && current_ == calls_.size())
    sign(piece.signature, sink);
  else if (!piece.signature.empty())
    late_states_.emplace_back(piece.signature);
  if (!piece.data.empty() && current_ == calls_.size()) {
    close(sink);
    Event event;
    event.kind = EventKind::open;
    event.block = kind_ = BlockKind::redacted_thinking;
    event.choice = choice_;
    event.index = next_++;
    event.text = piece.data;
    sink.take(event);
    open_ = true;
    close(sink);
  }
}

void ChoiceBlocks::take(const ChunkReader& chunk, const ChunkChoice& choice, EventSink& sink) {
  if (stopped_) return;  // some repeat the last chunk with the usage
  // The same thoughts come in two shapes. Whole signed details say more; but once the plain text
  // was shown, a detail's text is a repetition and only its signature is new.
  bool whole_details = false;
  for (std::uint32_t i = 0; i < choice.thoughts_count; ++i) {
    const ThoughtPiece& piece = chunk.thoughts[choice.thoughts_begin + i];
    whole_details = whole_details || (!piece.text.empty() && !piece.signature.empty());
  }
  const bool plain = !choice.thinking.empty() && (plain_thoughts_ || !whole_details);
  plain_thoughts_ = plain_thoughts_ || plain;
  if (plain) words(BlockKind::thinking, choice.thinking, sink);
  for (std::uint32_t i = 0; i < choice.thoughts_count; ++i)
    thought(chunk.thoughts[choice.thoughts_begin + i], !plain_thoughts_, sink);
  words(BlockKind::text, choice.text, choice.logprobs, sink);
  for (std::uint32_t i = 0; i < choice.texts_count; ++i) {
    const TextPiece& piece = chunk.texts[choice.texts_begin + i];
    words(piece.thinking ? BlockKind::thinking : BlockKind::text, piece.text, sink);
  }
  words(BlockKind::refusal, choice.refusal, choice.refusal_logprobs, sink);
  if (!choice.annotations.empty()) cite(choice.annotations, sink);
  for (std::uint32_t i = 0; i < choice.calls_count; ++i)
    call_piece(chunk.calls[choice.calls_begin + i], sink);
  if (!choice.finish.empty()) finish_ = choice.finish;
}

void ChoiceBlocks::finish(bool anyway, EventSink& sink) {
  if (stopped_ || (!anyway && finish_.empty())) return;
  stopped_ = true;
  advance(true, sink);
  const std::string late = std::exchange(late_text_, {});
  words(BlockKind::text, late, sink);
  close(sink);
  for (const std::string& state : late_states_) sign(state, sink);
  Event event;
  event.kind = EventKind::stop;
  event.choice = choice_;
  event.stop = stop_named(finish_);
  // Evidence, not only the field: a forced call ends with `stop` at some providers.
  if (!calls_.empty() && (event.stop == StopReason::end || event.stop == StopReason::none))
    event.stop = StopReason::tool;
  sink.take(event);
}

}  // namespace steelyard::dialect::openai
