#include "gateway/dialect/hub_place.h"

#include <algorithm>
#include <utility>

namespace steelyard::dialect::hub {
namespace {

bool has_logprobs(Wire client, BlockKind block) {
  if (client == Wire::openai_chat) return true;
  return block == BlockKind::text && (client == Wire::openai_responses || client == Wire::gemini);
}

// A text block that is over can still be spoken of.
bool tells_late(Wire client) {
  return client == Wire::openai_chat || client == Wire::gemini;
}

// Only Anthropic, and Gemini for documents, repeat words of the source.
bool repeats_source(Wire client, const Citation& citation) {
  return client == Wire::anthropic ||
         (client == Wire::gemini && (citation.place != SourcePlace::none || citation.url.empty()));
}

// Clients of these cannot ask for several answers, and their dialects have no place for a second.
bool has_choices(Wire client) {
  return client == Wire::openai_chat || client == Wire::gemini;
}

// The tier that served the answer, as the client's dialect calls it; "" if it has no such name.
std::string_view tier_name(Wire client, std::string_view tier) {
  const bool standard =
      tier == "default" || tier == "standard" || tier == "STANDARD" || tier == "ON_DEMAND";
  if (standard) return client == Wire::anthropic || client == Wire::gemini ? "standard" : "default";
  if (tier == "priority" || tier == "PRIORITY") return "priority";
  const bool flex = tier == "flex" || tier == "FLEX";
  return flex && client != Wire::anthropic ? "flex" : std::string_view();
}

}  // namespace

Placer::Choice& Placer::choice(std::uint32_t number) {
  for (Choice& known : choices_)
    if (known.number == number) return known;
  choices_.emplace_back();
  choices_.back().number = number;
  return choices_.back();
}

void Placer::start(const Event& event) {
  Event own = event;
  own.tier = tier_name(client_, event.tier);
  if (own.tier.empty() && !event.tier.empty() && event.tier != "auto")
    lost_.add(Loss::service_tier);
  next_.take(own);
}

void Placer::stop(const Event& event) {
  Choice& from = choice(event.choice);
  release(from, true);
  Event own = event;
  // Only Anthropic names the sequence that hit, and the turn that goes on.
  if (client_ != Wire::anthropic && !event.text.empty()) lost_.add(Loss::stop);
  const bool paused = event.stop == StopReason::pause && client_ != Wire::anthropic;
  bool unnamed = paused || event.stop == StopReason::other;
  if (event.stop == StopReason::error && client_ != Wire::gemini) {
    // A call that was made all the same is the client's to judge. Without one, clients of Responses
    // are told that it failed; the two others have no word for it.
    if (from.called) own.stop = StopReason::tool;
    unnamed = from.called || client_ != Wire::openai_responses;
  }
  if (unnamed) lost_.add(Loss::stop_reason);
  // These two have no other word for it.
  const bool by_stop = client_ == Wire::anthropic || client_ == Wire::gemini;
  if (from.refused && by_stop && event.stop == StopReason::end) own.stop = StopReason::refusal;
  next_.take(own);
}

void Placer::take(const Event& event) {
  if (event.choice > 0 && !has_choices(client_)) return lost_.add(Loss::n);
  const bool text = event.block == BlockKind::text;
  switch (event.kind) {
    case EventKind::start: return start(event);
    case EventKind::stop: return stop(event);
    case EventKind::citation: return hold(event);
    case EventKind::delta:
      if (event.delta == DeltaKind::text && (text || !event.raw.empty())) return words(event);
      break;
    case EventKind::open:
      if (event.block == BlockKind::native) return;  // AnswerWatch tells of it
      if (event.block == BlockKind::refusal) choice(event.choice).refused = true;
      if (event.block == BlockKind::tool_call) choice(event.choice).called = true;
      if (!text) break;
      {
        Choice& to = choice(event.choice);
        to.block_begin = to.text.size();
      }
      break;
    case EventKind::close:
      if (event.block == BlockKind::native) return;
      if (text) release(choice(event.choice), false);
      break;
    default: break;
  }
  next_.take(event);
}

void Placer::words(const Event& event) {
  if (event.block == BlockKind::text && client_ != Wire::anthropic) {
    Choice& to = choice(event.choice);
    if (to.text.size() + event.text.size() <= text_max)
      to.text += event.text;
    else
      to.overflown = true;
  }
  if (event.raw.empty()) return next_.take(event);
  Event own = event;
  if (has_logprobs(client_, event.block)) {
    // An event's data is one line. Line ends in JSON are white space.
    logprobs_ = event.raw;
    std::replace_if(
        logprobs_.begin(), logprobs_.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    own.raw = logprobs_;
  } else {
    lost_.add(Loss::logprobs);
    if (event.text.empty()) return;
    own.raw = {};
  }
  next_.take(own);
}

void Placer::hold(const Event& event) {
  if (event.citation == nullptr) return lost_.add(Loss::citations);
  const Citation& citation = *event.citation;
  if (!has_place(client_, citation) || held_ >= citations_max) return lost_.add(Loss::citations);
  if (!citation.quote.empty() && !repeats_source(client_, citation)) lost_.add(Loss::citations);
  std::vector<Citation>& waiting = choice(event.choice).waiting;
  // Some streams say again with each chunk what was said before.
  if (std::find(waiting.begin(), waiting.end(), citation) != waiting.end()) return;
  ++held_;
  waiting.push_back(citation);
}

// Of a text that is over, or of the whole answer: then what still waits goes out late, or is lost.
void Placer::release(Choice& from, bool last) {
  std::vector<Citation> later;
  for (Citation& citation : from.waiting) {
    if (last && !tells_late(client_)) {
      lost_.add(Loss::citations);
      continue;
    }
    if (!place(from, citation)) {
      if (!last)
        later.push_back(std::move(citation));
      else
        lost_.add(Loss::citations);
      continue;
    }
    Event event;
    event.kind = EventKind::citation;
    event.choice = from.number;
    event.citation = &citation;
    next_.take(event);
  }
  from.waiting = std::move(later);
}

// Into the client's count. False: it stands behind the text there is so far.
bool Placer::place(const Choice& from, Citation& citation) const {
  if (client_ == Wire::anthropic) return true;  // it cites for whole blocks
  const std::string_view text = from.text;
  std::size_t begin = from.block_begin, end = text.size();
  if (citation.span != Span::block) {
    const TextUnit unit =
        citation.span == Span::bytes_of_text ? TextUnit::bytes : TextUnit::code_points;
    const std::size_t base = citation.span == Span::points_of_block ? from.block_begin : 0;
    begin = base + offset_after(unit, citation.begin, text.substr(base));
    end = base + offset_after(unit, citation.end, text.substr(base));
    if (begin == text.size() && citation.begin > 0) return false;
    end = std::max(begin, end);
  }
  if (from.overflown) return false;
  switch (client_) {
    case Wire::gemini:
      citation.span = Span::bytes_of_text;
      citation.begin = length_in(TextUnit::bytes, text.substr(0, begin));
      citation.end = citation.begin + length_in(TextUnit::bytes, text.substr(begin, end - begin));
      citation.words = text.substr(begin, end - begin);
      break;
    case Wire::openai_responses:
      begin = std::max(begin, from.block_begin);
      end = std::max(begin, end);
      citation.span = Span::points_of_block;
      citation.begin =
          length_in(TextUnit::code_points, text.substr(from.block_begin, begin - from.block_begin));
      citation.end =
          citation.begin + length_in(TextUnit::code_points, text.substr(begin, end - begin));
      break;
    default:
      citation.span = Span::points_of_text;
      citation.begin = length_in(TextUnit::code_points, text.substr(0, begin));
      citation.end =
          citation.begin + length_in(TextUnit::code_points, text.substr(begin, end - begin));
  }
  return true;
}

}  // namespace steelyard::dialect::hub
