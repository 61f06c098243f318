#include "gateway/dialect/gemini_usage.h"

#include <algorithm>
#include <utility>

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::gemini {
namespace {

enum Key {
  kPrompt,
  kCached,
  kToolUse,
  kCandidates,
  kThoughts,
  kTotal,
  kPromptDetails,
  kCandidatesDetails
};
constexpr KeyTable kKeys(key_names("promptTokenCount", "cachedContentTokenCount",
                                   "toolUsePromptTokenCount", "candidatesTokenCount",
                                   "thoughtsTokenCount", "totalTokenCount", "promptTokensDetails",
                                   "candidatesTokensDetails"));
constexpr KeyTable kDetail(key_names("modality", "tokenCount"));

bool figure(LenientReader& reader, std::int64_t& out, bool& present) {
  std::int64_t value = 0;
  bool given = false;
  if (!reader.integer(value, given)) return false;
  if (given) out = std::clamp(value, std::int64_t{0}, usage_tokens_max);
  present = present || given;
  return true;
}

// [{"modality":"AUDIO","tokenCount":9}]
bool details(LenientReader& reader, std::int64_t& audio, std::int64_t& image) {
  return reader.array([&] {
    std::string_view modality;
    std::int64_t tokens = 0;
    bool ignored = false;
    const bool ok = reader.object(kDetail, [&](int key) {
      if (key == 0) return reader.text(modality);
      return key == 1 ? figure(reader, tokens, ignored) : reader.cursor.skip_value();
    });
    if (modality == "AUDIO") audio = std::min(audio + tokens, usage_tokens_max);
    if (modality == "IMAGE") image = std::min(image + tokens, usage_tokens_max);
    return ok;
  });
}

// By modality, as far as it is known.
void write_details(hub::PieceWriter& json, std::string_view name, std::int64_t tokens,
                   std::int64_t audio, std::int64_t image) {
  if (audio + image == 0) return;
  json.key(name).open('[');
  for (const auto& [modality, count] : {std::pair("TEXT", tokens - audio - image),
                                        std::pair("AUDIO", audio), std::pair("IMAGE", image)})
    if (count > 0)
      json.open('{').field("modality", modality).field_number("tokenCount", count).close('}');
  json.close(']');
}

}  // namespace

bool read_usage(LenientReader& reader, Usage& out) {
  Usage read;
  const bool ok = reader.object(kKeys, [&](int key) {
    switch (key) {
      case kPrompt: return figure(reader, read.prompt, read.present);
      case kCached: return figure(reader, read.cached, read.present);
      case kToolUse: return figure(reader, read.tool_use, read.present);
      case kCandidates: return figure(reader, read.candidates, read.present);
      case kThoughts: return figure(reader, read.thoughts, read.present);
      case kTotal: return figure(reader, read.total, read.total_present);
      case kPromptDetails: return details(reader, read.audio_input, read.image_input);
      case kCandidatesDetails: return details(reader, read.audio_output, read.image_output);
      default: return reader.cursor.skip_value();
    }
  });
  if (ok && read.present) out = read;
  return ok;
}

ReportedUsage reported(const Usage& u) {
  ReportedUsage out;
  out.present = u.present;
  out.prompt = u.prompt + u.tool_use;
  out.cached = u.cached;
  out.completion = u.candidates + u.thoughts;
  out.reasoning = u.thoughts;
  out.audio_input = u.audio_input;
  out.image_input = u.image_input;
  out.audio_output = u.audio_output;
  out.image_output = u.image_output;
  // What the total has beyond the parts is booked as input. Thoughts are inside `completion` here,
  // so a total that lacks them is no sign that they come on top.
  out.total = u.total;
  out.total_present = u.total_present && u.total > out.prompt + out.completion + u.thoughts;
  return out;
}

void write_usage(hub::PieceWriter& json, const TokenUsage& usage, std::string_view tier) {
  json.key("usageMetadata").open('{').field_number("promptTokenCount", usage.input());
  if (usage.cache_read > 0) json.field_number("cachedContentTokenCount", usage.cache_read);
  json.field_number("candidatesTokenCount", usage.output - usage.reasoning);
  if (usage.reasoning > 0) json.field_number("thoughtsTokenCount", usage.reasoning);
  json.field_number("totalTokenCount", usage.input() + usage.output);
  write_details(json, "promptTokensDetails", usage.input(), usage.audio_input, usage.image_input);
  write_details(json, "candidatesTokensDetails", usage.output - usage.reasoning, usage.audio_output,
                usage.image_output);
  json.given("serviceTier", tier).close('}');
}

}  // namespace steelyard::dialect::gemini
