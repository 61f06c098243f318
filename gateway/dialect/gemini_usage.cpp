#include "gateway/dialect/gemini_usage.h"

#include <algorithm>

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::gemini {
namespace {

enum Key { kPrompt, kCached, kToolUse, kCandidates, kThoughts, kTotal };
constexpr KeyTable kKeys(key_names("promptTokenCount", "cachedContentTokenCount",
                                   "toolUsePromptTokenCount", "candidatesTokenCount",
                                   "thoughtsTokenCount", "totalTokenCount"));

bool figure(LenientReader& reader, std::int64_t& out, bool& present) {
  std::int64_t value = 0;
  bool given = false;
  if (!reader.integer(value, given)) return false;
  if (given) out = std::clamp(value, std::int64_t{0}, usage_tokens_max);
  present = present || given;
  return true;
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
  // What the total has beyond the parts is booked as input. Thoughts are inside `completion` here,
  // so a total that lacks them is no sign that they come on top.
  out.total = u.total;
  out.total_present = u.total_present && u.total > out.prompt + out.completion + u.thoughts;
  return out;
}

void write_usage(hub::PieceWriter& json, const TokenUsage& usage) {
  json.key("usageMetadata").open('{').field_number("promptTokenCount", usage.input());
  if (usage.cache_read > 0) json.field_number("cachedContentTokenCount", usage.cache_read);
  json.field_number("candidatesTokenCount", usage.output - usage.reasoning);
  if (usage.reasoning > 0) json.field_number("thoughtsTokenCount", usage.reasoning);
  json.field_number("totalTokenCount", usage.input() + usage.output).close('}');
}

}  // namespace steelyard::dialect::gemini
