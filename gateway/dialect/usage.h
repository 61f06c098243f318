#pragma once
// Token counts as a provider reported them, and as money needs them: disjoint classes that are
// never negative and never less than what was billed (research/wire 2.9).
#include <cstdint>

#include "config/types/money.h"

namespace steelyard::dialect {

// As reported; meaning of the fields differs by endpoint, `normalise` knows how.
struct ReportedUsage {
  std::int64_t prompt = 0, completion = 0, total = 0;
  std::int64_t cached = 0, cache_write = 0, reasoning = 0;
  NanoUsd cost;                     // what the provider says it bills (OpenRouter); rounded up
  std::int64_t cache_write_1h = 0;  // part of cache_write, at another price
  // Parts of prompt and completion.
  std::int64_t audio_input = 0, audio_output = 0, image_input = 0, image_output = 0;
  std::int64_t web_searches = 0;  // the provider made and bills; no tokens
  bool present = false;           // a usage object with at least one token count was seen
  bool total_present = false;
  bool cost_present = false;
  bool cached_inside = false;  // cached is never outside prompt, however large it is (Mistral)
};

// How an endpoint counts, where it is not as OpenAI does.
struct UsageQuirks {
  bool reasoning_exclusive = false;  // xAI chat: completion_tokens leaves reasoning out
};

// Why normalised figures are not the plain reading; logged, so a new provider arithmetic is
// noticed.
enum class UsageNote : std::uint8_t {
  plain,
  reasoning_added,    // total = prompt + completion + reasoning
  input_unexplained,  // total is larger than the parts: the rest is booked as input (Mistral audio)
  cached_outside,  // more cached than prompt tokens: cached ones are not in the prompt (Azure Grok)
  clamped,         // parts larger than the whole, or a figure out of range
};
const char* name_of(UsageNote note);

// Disjoint: input = uncached + cache_read + cache_write. All 0 to usage_tokens_max.
struct TokenUsage {
  std::int64_t uncached = 0, cache_read = 0, cache_write = 0, output = 0;
  std::int64_t reasoning = 0;       // part of `output`, for display only
  std::int64_t cache_write_1h = 0;  // part of `cache_write`: Anthropic's longer-lived entries
  std::int64_t audio_input = 0, image_input = 0;    // parts of `uncached`, together at most it
  std::int64_t audio_output = 0, image_output = 0;  // parts of `output`, likewise
  std::int64_t web_searches = 0;                    // up to web_searches_max
  UsageNote note = UsageNote::plain;
  std::int64_t input() const { return uncached + cache_read + cache_write; }
};
inline constexpr std::int64_t web_searches_max = 10'000;  // of one answer
inline constexpr std::int64_t usage_tokens_max = std::int64_t{1} << 31;

// Pure. `reported.present` must be true for the result to mean anything.
TokenUsage normalise(const ReportedUsage& reported, UsageQuirks quirks);

}  // namespace steelyard::dialect
