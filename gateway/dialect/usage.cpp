#include "gateway/dialect/usage.h"

#include <algorithm>

namespace steelyard::dialect {
namespace {

// Providers' figures are somebody else's bytes: a negative or absurd one must not reach the books.
std::int64_t in_range(std::int64_t tokens, UsageNote& note) {
  if (tokens >= 0 && tokens <= usage_tokens_max) return tokens;
  note = UsageNote::clamped;
  return std::clamp(tokens, std::int64_t{0}, usage_tokens_max);
}

// Splits prompt tokens into disjoint classes; books too much rather than too little where they
// contradict.
void split_input(std::int64_t prompt, TokenUsage& out) {
  if (out.cache_read + out.cache_write <= prompt) {
    out.uncached = prompt - out.cache_read - out.cache_write;
  } else if (out.cache_read > prompt) {
    out.uncached = std::max(prompt - out.cache_write, std::int64_t{0});
    out.note = UsageNote::cached_outside;
  } else {
    out.uncached = 0;
    out.note = UsageNote::clamped;
  }
}

// Sound and pictures as parts of what they are in: never more than the whole.
void split_media(const ReportedUsage& reported, TokenUsage& out) {
  const auto part = [&out](std::int64_t tokens, std::int64_t room) {
    return std::min(in_range(tokens, out.note), room);
  };
  out.audio_input = part(reported.audio_input, out.uncached);
  out.image_input = part(reported.image_input, out.uncached - out.audio_input);
  out.audio_output = part(reported.audio_output, out.output);
  out.image_output = part(reported.image_output, out.output - out.audio_output);
}

}  // namespace

TokenUsage normalise(const ReportedUsage& reported, UsageQuirks quirks) {
  TokenUsage out;
  std::int64_t prompt = in_range(reported.prompt, out.note);
  const std::int64_t completion = in_range(reported.completion, out.note);
  out.reasoning = in_range(reported.reasoning, out.note);
  out.cache_read = in_range(reported.cached, out.note);
  out.cache_write = in_range(reported.cache_write, out.note);
  out.cache_write_1h = std::min(in_range(reported.cache_write_1h, out.note), out.cache_write);
  const std::int64_t total = reported.total_present ? in_range(reported.total, out.note) : 0;

  // The total decides whether reasoning is inside completion; the quirk does when there is no
  // total.
  const std::int64_t unexplained = total - prompt - completion;
  const bool outside = out.reasoning > 0 && (unexplained == out.reasoning ||
                                             (unexplained != 0 && quirks.reasoning_exclusive));
  out.output = completion;
  std::int64_t rest = unexplained;
  if (outside) {
    out.output += out.reasoning;
    rest -= out.reasoning;
    out.note = UsageNote::reasoning_added;
  }
  if (rest > 0) {
    prompt += rest;
    out.note = UsageNote::input_unexplained;
  }
  out.reasoning = std::min(out.reasoning, out.output);
  prompt = in_range(prompt, out.note);
  if (reported.cached_inside && out.cache_read > prompt) {
    out.cache_read = prompt;
    out.note = UsageNote::clamped;
  }
  split_input(prompt, out);
  const bool media = (reported.audio_input | reported.image_input | reported.audio_output |
                      reported.image_output) != 0;
  if (media) split_media(reported, out);
  if (reported.web_searches != 0) [[unlikely]]
    out.web_searches = std::clamp(reported.web_searches, std::int64_t{0}, web_searches_max);
  return out;
}

const char* name_of(UsageNote note) {
  switch (note) {
    case UsageNote::plain: return "plain";
    case UsageNote::reasoning_added: return "reasoning_added";
    case UsageNote::input_unexplained: return "input_unexplained";
    case UsageNote::cached_outside: return "cached_outside";
    case UsageNote::clamped: return "clamped";
  }
  return "";
}

}  // namespace steelyard::dialect
