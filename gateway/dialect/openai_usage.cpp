#include "gateway/dialect/openai_usage.h"

#include <charconv>

namespace steelyard::dialect::openai {
namespace {

enum UsageKey {
  kPrompt,
  kInput,
  kCompletion,
  kOutput,
  kTotal,
  kPromptDetails,
  kInputDetails,
  kCompletionDetails,
  kOutputDetails,
  kCached,
  kCacheHit,
  kCacheRead,
  kCacheCreation,
  kReasoning,
  kCost
};
constexpr KeyTable kUsage(key_names("prompt_tokens", "input_tokens", "completion_tokens",
                                    "output_tokens", "total_tokens", "prompt_tokens_details",
                                    "input_tokens_details", "completion_tokens_details",
                                    "output_tokens_details", "cached_tokens",
                                    "prompt_cache_hit_tokens", "cache_read_input_tokens",
                                    "cache_creation_input_tokens", "reasoning_tokens", "cost"));

enum DetailKey { kDetailCached, kDetailWrite, kDetailCreation, kDetailReasoning };
constexpr KeyTable kDetails(key_names("cached_tokens", "cache_write_tokens",
                                      "cache_creation_tokens", "reasoning_tokens"));
constexpr KeyTable kCostParts(key_names("total_cost"));  // Perplexity: an object

class UsageReader {
 public:
  explicit UsageReader(LenientReader& reader) : reader_(reader) {}

  bool read(ReportedUsage& out) {
    const bool ok = reader_.object(kUsage, [this](int key) { return member(key); });
    if (!ok) return false;
    // The same figure may stand in two places; details win, then the flat names.
    if (!cached_in_details_) usage_.cached = flat_cached_;
    if (!write_in_details_) usage_.cache_write = flat_write_;
    if (!reasoning_in_details_) usage_.reasoning = flat_reasoning_;
    if (usage_.present) out = usage_;
    return true;
  }

 private:
  bool member(int key) {
    bool ignored = false;
    switch (key) {
      case kPrompt:
      case kInput: return reader_.integer(usage_.prompt, usage_.present);
      case kCompletion:
      case kOutput: return reader_.integer(usage_.completion, usage_.present);
      case kTotal: return reader_.integer(usage_.total, usage_.total_present);
      case kPromptDetails:
      case kInputDetails:
      case kCompletionDetails:
      case kOutputDetails: return details();
      case kCached:
      case kCacheHit:
      case kCacheRead: return reader_.integer(flat_cached_, ignored);
      case kCacheCreation: return reader_.integer(flat_write_, ignored);
      case kReasoning: return reader_.integer(flat_reasoning_, ignored);
      case kCost: return cost();
      default: return reader_.cursor.skip_value();
    }
  }

  bool details() {
    return reader_.object(kDetails, [this](int key) {
      switch (key) {
        case kDetailCached: return reader_.integer(usage_.cached, cached_in_details_);
        case kDetailWrite:
        case kDetailCreation: return reader_.integer(usage_.cache_write, write_in_details_);
        case kDetailReasoning: return reader_.integer(usage_.reasoning, reasoning_in_details_);
        default: return reader_.cursor.skip_value();
      }
    });
  }

  bool cost() {
    if (reader_.cursor.peek() == '{') {
      return reader_.object(kCostParts, [this](int key) {
        return key == 0 ? cost_number() : reader_.cursor.skip_value();
      });
    }
    return cost_number();
  }
  bool cost_number() {
    const char c = reader_.cursor.peek();
    if (c < '0' || c > '9') return reader_.cursor.skip_value();
    std::string_view token;
    if (!reader_.cursor.take_scalar(token)) return false;
    usage_.cost = parse_dollars(token);
    usage_.cost_present = true;
    return true;
  }

  LenientReader& reader_;
  ReportedUsage usage_;
  std::int64_t flat_cached_ = 0, flat_write_ = 0, flat_reasoning_ = 0;
  bool cached_in_details_ = false, write_in_details_ = false, reasoning_in_details_ = false;
};

}  // namespace

bool read_usage(LenientReader& reader, ReportedUsage& out) {
  if (reader.cursor.peek() != '{') return reader.cursor.skip_value();
  return UsageReader(reader).read(out);
}

NanoUsd parse_dollars(std::string_view text) {
  if (!is_json_number(text) || text.starts_with('-')) return {};
  const std::size_t e = text.find_first_of("eE");
  int exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (parsed.ec != std::errc{}) exponent = digits.starts_with('-') ? -400 : 400;
  }
  constexpr Int128 kMax = INT64_MAX;
  Int128 value = 0;  // of the digits read, times ten to the power -scale
  int scale = -exponent - 9;
  bool point = false, rest = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') {
      point = true;
    } else if (value > kMax) {  // more digits than matter
      rest = rest || c != '0';
      scale -= point ? 0 : 1;
    } else {
      value = value * 10 + (c - '0');
      scale += point ? 1 : 0;
    }
  }
  if (value == 0) return {};
  for (; scale < 0 && value <= kMax; ++scale) value *= 10;
  for (; scale > 0; --scale) {
    rest = rest || value % 10 != 0;
    value /= 10;
    if (value == 0) break;
  }
  value += rest ? 1 : 0;
  return {static_cast<std::int64_t>(value < kMax ? value : kMax)};
}

}  // namespace steelyard::dialect::openai
