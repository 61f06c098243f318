#include "gateway/dialect/hub_watch.h"

#include <algorithm>

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/state_hash.h"
#include "gateway/dialect/state_seal.h"

namespace steelyard::dialect::hub {

using openai::StreamFacts;
using openai::StreamPhase;

FinishReason finish_of(StopReason stop) {
  switch (stop) {
    case StopReason::none: return FinishReason::none;
    case StopReason::end:
    case StopReason::stop_string: return FinishReason::stop;
    case StopReason::tool: return FinishReason::tool_calls;
    case StopReason::length:
    case StopReason::context_full: return FinishReason::length;
    case StopReason::refusal: return FinishReason::content_filter;
    case StopReason::error: return FinishReason::error;
    case StopReason::pause:
    case StopReason::other: return FinishReason::other;
  }
  return FinishReason::other;
}

void AnswerWatch::raise(StreamPhase phase) {
  if (phase_ != StreamPhase::failed && phase > phase_) phase_ = phase;
  if (phase == StreamPhase::content) facts_.content_seen = true;
}

void AnswerWatch::open(const Event& event) {
  facts_.output_bytes += static_cast<std::int64_t>(event.text.size());
  visible_ = visible_ || event.block == BlockKind::native;
  if (event.block == BlockKind::native) lost_.add(Loss::native_parts);
  refused_ = refused_ || event.block == BlockKind::refusal;
  if (event.block == BlockKind::native || event.block == BlockKind::redacted_thinking)
    raise(StreamPhase::content);
  if (event.block == BlockKind::redacted_thinking) add_state(facts_.states, event.text);
  if (!event.signature.empty()) add_state(facts_.states, bare_state(event.signature));
  if (event.block != BlockKind::tool_call) return;
  raise(StreamPhase::content);
  visible_ = true;
  ++facts_.tool_calls;
  if (facts_.tool_names.size() + event.name.size() < StreamFacts::tool_names_bytes_max) {
    append_unescaped(facts_.tool_names, event.name);
    facts_.tool_names += '\n';
  }
}

void AnswerWatch::sign(const Event& event) {
  if (is_carrier(event.text))
    add_state(facts_.states, bare_state(event.text));
  else
    signature_ += event.text;
}

void AnswerWatch::take(const Event& event) {
  ++facts_.events;
  choices_ = std::max(choices_, event.choice + 1);
  switch (event.kind) {
    case EventKind::start:
      raise(StreamPhase::preamble);
      facts_.model.assign(event.name.substr(0, 128));
      id_.assign(event.id.substr(0, 128));
      facts_.service_tier.assign(event.tier.substr(0, 128));
      break;
    case EventKind::open:
      open(event);
      open_.push_back({event.block, event.choice, event.index});
      break;
    case EventKind::delta:
      if (event.delta == DeltaKind::signature) sign(event);
      if (event.delta != DeltaKind::text || event.text.empty()) break;
      raise(StreamPhase::content);
      facts_.output_bytes += static_cast<std::int64_t>(event.text.size());
      ++facts_.pieces;
      visible_ = visible_ || event.block != BlockKind::thinking;
      break;
    case EventKind::usage:
      if (event.usage.present) facts_.usage = event.usage;
      break;
    case EventKind::stop: {
      const FinishReason finish = finish_of(event.stop);
      if (event.choice == 0) facts_.finish = finish;
      facts_.finishes.add(finish);
      refused_ = refused_ || event.stop == StopReason::refusal;
      raise(StreamPhase::content);
      break;
    }
    case EventKind::fault:
      if (event.fault != nullptr && !facts_.fault) facts_.fault = *event.fault;
      phase_ = StreamPhase::failed;
      break;
    case EventKind::end:
      facts_.done_seen = true;
      item_ids_.assign(event.id);
      lost_.add(event.lost);
      raise(StreamPhase::done);
      break;
    case EventKind::close:
      add_state(facts_.states, signature_);
      signature_.clear();
      std::erase_if(open_, [&](const OpenBlock& b) { return b.choice == event.choice; });
      break;
    case EventKind::citation:
    case EventKind::ping: break;
  }
  if (next_ != nullptr) next_->take(event);
}

}  // namespace steelyard::dialect::hub
