#include "gateway/dialect/openai_usage.h"

#include <array>
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
  kNumCached,
  kCacheCreation,
  kReasoning,
  kCost
};
constexpr KeyTable kUsage(key_names(
    "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens",
    "prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
    "output_tokens_details", "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens",
    "num_cached_tokens", "cache_creation_input_tokens", "reasoning_tokens", "cost"));

enum DetailKey {
  kDetailCached,
  kDetailWrite,
  kDetailCreation,
  kDetailCreationInput,
  kDetailReasoning,
  kDetailAudio,
  kDetailImage
};
constexpr KeyTable kDetails(key_names("cached_tokens", "cache_write_tokens",
                                      "cache_creation_tokens", "cache_creation_input_tokens",
                                      "reasoning_tokens", "audio_tokens", "image_tokens"));
constexpr KeyTable kCostParts(key_names("total_cost"));  // Perplexity: an object

// Figures as they stand in the object: the same one may stand in two places.
enum Figure {
  kPromptFigure,
  kCompletionFigure,
  kTotalFigure,
  kCachedDetail,
  kWriteDetail,
  kReasoningDetail,
  kCachedFlat,
  kWriteFlat,
  kReasoningFlat,
  kCostFigure,
  kAudioIn,
  kAudioOut,
  kImageIn,
  kImageOut,
  kFigures
};

class UsageReader {
 public:
  UsageReader(LenientReader& reader, AnswerGaps* gaps) : reader_(reader), gaps_(gaps) {}

  bool read(ReportedUsage& out) {
    const bool ok = reader_.object(kUsage, [this](int key) { return member(key); });
    if (!ok) return false;
    // The same figure may stand in two places; details win, then the flat names.
    if (!cached_in_details_) {
      usage_.cached = flat_cached_;
      usage_.cached_inside = flat_inside_;
    }
    if (!write_in_details_) usage_.cache_write = flat_write_;
    if (!reasoning_in_details_) usage_.reasoning = flat_reasoning_;
    if (!usage_.present) return true;
    out = usage_;
    if (gaps_ != nullptr) name_gaps();
    return true;
  }

 private:
  bool integer(std::int64_t& value, bool& present, Figure figure) {
    if (gaps_ == nullptr) return reader_.integer(value, present);
    const std::size_t begin = reader_.cursor.offset();
    const char first = reader_.cursor.peek();
    if (!reader_.integer(value, present)) return false;
    if (first == '"') return true;
    const int gap = gaps_->add_taken(reader_.cursor, begin, first, {});
    if (gap >= 0) places_[figure] = gap;  // the last number given counts
    return true;
  }
  // Which number became which figure.
  void name_gaps() {
    gaps_->forget_figures();
    gaps_->set_kind(places_[kPromptFigure], GapKind::prompt);
    gaps_->set_kind(places_[kCompletionFigure], GapKind::completion);
    gaps_->set_kind(places_[kTotalFigure], GapKind::total);
    gaps_->set_kind(places_[cached_in_details_ ? kCachedDetail : kCachedFlat], GapKind::cached);
    gaps_->set_kind(places_[write_in_details_ ? kWriteDetail : kWriteFlat], GapKind::cache_write);
    gaps_->set_kind(places_[reasoning_in_details_ ? kReasoningDetail : kReasoningFlat],
                    GapKind::reasoning_tokens);
    gaps_->set_kind(places_[kCostFigure], GapKind::cost);
    gaps_->set_kind(places_[kAudioIn], GapKind::audio_input);
    gaps_->set_kind(places_[kAudioOut], GapKind::audio_output);
    gaps_->set_kind(places_[kImageIn], GapKind::image_input);
    gaps_->set_kind(places_[kImageOut], GapKind::image_output);
  }

  bool member(int key) {
    bool ignored = false;
    switch (key) {
      case kPrompt:
      case kInput: return integer(usage_.prompt, usage_.present, kPromptFigure);
      case kCompletion:
      case kOutput: return integer(usage_.completion, usage_.present, kCompletionFigure);
      case kTotal: return integer(usage_.total, usage_.total_present, kTotalFigure);
      case kPromptDetails:
      case kInputDetails: return details(false);
      case kCompletionDetails:
      case kOutputDetails: return details(true);
      case kCached:
      case kCacheHit:
      case kCacheRead: return integer(flat_cached_, ignored, kCachedFlat);
      case kNumCached: return integer(flat_cached_, flat_inside_, kCachedFlat);
      case kCacheCreation: return integer(flat_write_, ignored, kWriteFlat);
      case kReasoning: return integer(flat_reasoning_, ignored, kReasoningFlat);
      case kCost: return cost();
      default: return skip_to_gap(reader_, gaps_);
    }
  }

  bool details(bool output) {
    return reader_.object(kDetails, [this, output](int key) {
      bool ignored = false;
      switch (key) {
        case kDetailCached: return integer(usage_.cached, cached_in_details_, kCachedDetail);
        case kDetailWrite:
        case kDetailCreation:
        case kDetailCreationInput:
          return integer(usage_.cache_write, write_in_details_, kWriteDetail);
        case kDetailReasoning:
          return integer(usage_.reasoning, reasoning_in_details_, kReasoningDetail);
        case kDetailAudio:
          return output ? integer(usage_.audio_output, ignored, kAudioOut)
                        : integer(usage_.audio_input, ignored, kAudioIn);
        case kDetailImage:
          return output ? integer(usage_.image_output, ignored, kImageOut)
                        : integer(usage_.image_input, ignored, kImageIn);
        default: return skip_to_gap(reader_, gaps_);
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
    const std::size_t begin = reader_.cursor.offset();
    std::string_view token;
    if (!reader_.cursor.take_scalar(token)) return false;
    if (gaps_ != nullptr) places_[kCostFigure] = gaps_->add_taken(reader_.cursor, begin, c, {});
    usage_.cost = parse_dollars(token);
    usage_.cost_present = true;
    return true;
  }

  LenientReader& reader_;
  AnswerGaps* gaps_;  // nullptr: not asked for
  std::array<int, kFigures> places_{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  ReportedUsage usage_;
  std::int64_t flat_cached_ = 0, flat_write_ = 0, flat_reasoning_ = 0;
  bool flat_inside_ = false;  // Mistral's name: it has reported more than the prompt it billed
  bool cached_in_details_ = false, write_in_details_ = false, reasoning_in_details_ = false;
};

}  // namespace

bool read_usage(LenientReader& reader, ReportedUsage& out, AnswerGaps* gaps) {
  if (reader.cursor.peek() != '{') return reader.cursor.skip_value();
  return UsageReader(reader, gaps).read(out);
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
