#include "gateway/dialect/openai_events.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/dialect/hub_send.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/openai_response.h"

namespace steelyard::dialect::openai {
namespace {

using hub::EventSink;
using hub::StopReason;

constexpr KeyTable kStops(key_names("stop", "tool_calls", "length", "content_filter",
                                    "function_call", "eos", "model_length", "sensitive", "error",
                                    "insufficient_system_resource", "network_error", "abort",
                                    "end_turn", "tool_use", "max_tokens"));
constexpr StopReason kStopOf[] = {StopReason::end,     StopReason::tool,    StopReason::length,
                                  StopReason::refusal, StopReason::tool,    StopReason::end,
                                  StopReason::length,  StopReason::refusal, StopReason::error,
                                  StopReason::error,   StopReason::error,   StopReason::error,
                                  StopReason::end,     StopReason::tool,    StopReason::length};
static_assert(std::size(kStopOf) == kStops.size());

// The provider gave up in the middle of its answer and says so in the finish reason only.
UpstreamFault broken_off(std::string_view finish) {
  const bool busy = finish == "insufficient_system_resource";
  std::string message("the provider broke off: finish_reason ");
  append_unescaped(message, finish);
  return {busy ? FaultClass::overloaded : FaultClass::server, std::move(message), {}, {}};
}

}  // namespace

StopReason stop_named(std::string_view name) {
  if (name.empty()) return StopReason::none;
  const int known = kStops.find(name);
  return known >= 0 ? kStopOf[known] : StopReason::other;
}

std::string_view name_of(StopReason stop) {
  switch (stop) {
    case StopReason::tool: return "tool_calls";
    case StopReason::length:
    case StopReason::context_full: return "length";
    case StopReason::refusal: return "content_filter";
    default: return "stop";
  }
}

bool read_completion(std::string_view body, EventSink& sink) {
  ChunkReader chunk;
  if (!chunk.read(body)) return false;
  if (chunk.fault) {
    hub::send_fault(chunk.fault, sink);
    return true;
  }
  if (!chunk.has_choices) return false;
  for (const ChunkChoice& choice : chunk.choices)
    if (stop_named(choice.finish) == StopReason::error) {
      hub::send_fault(broken_off(choice.finish), sink);
      return true;
    }
  hub::send_start(chunk.id, chunk.model, chunk.tier, sink);
  hub::Dropped lost = chunk.lost;
  for (const ChunkChoice& choice : chunk.choices) {
    ChoiceBlocks blocks(choice.index);
    blocks.take(chunk, choice, sink);
    if (!chunk.citations.empty()) blocks.cite(chunk.citations, sink);
    blocks.finish(true, sink);
    lost.add(blocks.lost());
  }
  hub::send_usage(chunk.usage, sink);
  hub::send_end(lost, {}, sink);
  return true;
}

void ChatStreamDecoder::feed(std::string_view bytes, EventSink& sink) {
  SseEvent event;
  for (;;) {
    switch (sse_.next(bytes, event)) {
      case SseDecoder::Status::event: take(event.data, event.type == "error", sink); break;
      case SseDecoder::Status::need_more: return;
      case SseDecoder::Status::too_long:
        if (failed_) return;
        return fail(too_long_fault(), sink);
    }
  }
}

void ChatStreamDecoder::take(std::string_view data, bool error_event, EventSink& sink) {
  if (ended_ || failed_) return;
  if (!error_event && take_known(data, sink)) return;
  if (data == "[DONE]") return end(sink);
  if (!reader_.read(data)) {
    if (error_event) return fail(parse_error(200, data), sink);
    ++unparsed_;
    if (strict_ && data.starts_with('{')) fail(garbled_fault(), sink);
    return;
  }
  lost_.add(reader_.lost);
  if (!reader_.citations.empty()) pages_ = reader_.citations;
  if (reader_.fault) return fail(std::move(reader_.fault), sink);
  if (error_event) return fail(parse_error(200, data), sink);
  // Azure's first chunk has filter results, and neither choices nor an id.
  if (!started_ && (!reader_.choices.empty() || !reader_.id.empty())) {
    started_ = true;
    hub::send_start(reader_.id, reader_.model, reader_.tier, sink);
  }
  for (const ChunkChoice& choice : reader_.choices) {
    auto found = std::find_if(choices_.begin(), choices_.end(), [&](const ChoiceBlocks& blocks) {
      return blocks.choice() == choice.index;
    });
    if (found == choices_.end()) {
      choices_.emplace_back(choice.index);
      found = choices_.end() - 1;
    }
    found->take(reader_, choice, sink);
    if (found->broken()) return fail(broken_off(found->finish_name()), sink);
    if (!pages_.empty() && found->finished()) found->cite(std::exchange(pages_, {}), sink);
    found->finish(false, sink);
    if (strict_ && found->nameless()) return fail(nameless_fault(), sink);
  }
  hub::send_usage(reader_.usage, sink);
  learn(data);
}

bool ChatStreamDecoder::take_known(std::string_view data, EventSink& sink) {
  const std::string_view words = memo_.words_of(data);
  if (words.empty()) return false;
  choices_[memo_choice_].words(memo_kind_, words, sink);
  return true;
}

// After a chunk was taken that has words of one choice and nothing else.
void ChatStreamDecoder::learn(std::string_view data) {
  memo_.forget();
  if (reader_.choices.size() != 1 || reader_.usage.present) return;
  const ChunkChoice& choice = reader_.choices.front();
  const bool more = choice.texts_count + choice.thoughts_count + choice.calls_count != 0 ||
                    !choice.refusal.empty() || !choice.finish.empty() || !choice.logprobs.empty() ||
                    !choice.annotations.empty();
  if (more || choice.text.empty() == choice.thinking.empty()) return;
  const auto found =
      std::find_if(choices_.begin(), choices_.end(),
                   [&](const ChoiceBlocks& blocks) { return blocks.choice() == choice.index; });
  memo_choice_ = static_cast<std::size_t>(found - choices_.begin());
  memo_kind_ = choice.text.empty() ? hub::BlockKind::thinking : hub::BlockKind::text;
  const std::array<std::string_view, 2> idle{reader_.id, reader_.padding};
  memo_.learn(data, choice.text.empty() ? choice.thinking : choice.text, idle);
}

// [DONE] after something was said is an end, also where no finish reason was given.
void ChatStreamDecoder::end(EventSink& sink) {
  ended_ = true;
  hub::Dropped lost = lost_;
  for (ChoiceBlocks& blocks : choices_) {
    if (!pages_.empty()) blocks.cite(std::exchange(pages_, {}), sink);
    blocks.finish(true, sink);
    lost.add(blocks.lost());
    if (strict_ && blocks.nameless()) return fail(nameless_fault(), sink);
  }
  hub::send_end(lost, {}, sink);
}

void ChatStreamDecoder::fail(UpstreamFault fault, EventSink& sink) {
  failed_ = true;
  fault_ = std::move(fault);
  hub::send_fault(fault_, sink);
}

Result<void> ChatStreamDecoder::finish(EventSink& sink) {
  if (!ended_ && !failed_) feed("\n\n", sink);
  if (failed_) return steelyard::fail(to_error(fault_, 200));
  if (ended_) return {};
  const bool finished =
      !choices_.empty() && std::all_of(choices_.begin(), choices_.end(),
                                       [](const ChoiceBlocks& b) { return b.finished(); });
  if (options_.ends_without_done && finished) {
    end(sink);
    return {};
  }
  return steelyard::fail(ErrorKind::upstream_protocol, ErrorSource::upstream, Retry::next_target,
                         "the provider's stream ended without [DONE]");
}

}  // namespace steelyard::dialect::openai
