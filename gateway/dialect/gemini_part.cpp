#include "gateway/dialect/gemini_part.h"

#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::gemini {

using hub::StopReason;

namespace {

enum Key { kText, kThought, kSignature, kCall };
constexpr KeyTable kKeys(key_names("text", "thought", "thoughtSignature", "functionCall"));
enum CallKey { kId, kName, kArguments };
constexpr KeyTable kCallKeys(key_names("id", "name", "args"));
// Of a part, these say nothing of their own.
constexpr KeyTable kAttributes(key_names("videoMetadata", "partMetadata", "mediaResolution"));

// Numbers: with enum-encoding=int.
struct Stop {
  std::string_view name, number;
  StopReason stop;
};
constexpr Stop kStops[] = {
    {"STOP", "1", StopReason::end},
    {"MAX_TOKENS", "2", StopReason::length},
    {"SAFETY", "3", StopReason::refusal},
    {"RECITATION", "4", StopReason::refusal},
    {"BLOCKLIST", "6", StopReason::refusal},
    {"PROHIBITED_CONTENT", "7", StopReason::refusal},
    {"SPII", "8", StopReason::refusal},
    {"MODEL_ARMOR", "10", StopReason::refusal},
    {"IMAGE_SAFETY", "", StopReason::refusal},
    {"IMAGE_PROHIBITED_CONTENT", "", StopReason::refusal},
    {"IMAGE_RECITATION", "", StopReason::refusal},
    {"MALFORMED_FUNCTION_CALL", "9", StopReason::error},
    {"UNEXPECTED_TOOL_CALL", "", StopReason::error},
    {"TOO_MANY_TOOL_CALLS", "", StopReason::error},
    {"MISSING_THOUGHT_SIGNATURE", "", StopReason::error},
    {"MALFORMED_RESPONSE", "", StopReason::error},
    {"CONTINUATION", "", StopReason::pause},
    {"FINISH_REASON_UNSPECIFIED", "0", StopReason::none},
};

}  // namespace

StopReason stop_named(std::string_view name) {
  if (name.empty()) return StopReason::none;
  for (const Stop& row : kStops)
    if (row.name == name || row.number == name) return row.stop;
  return StopReason::other;
}

std::string_view name_of(StopReason stop) {
  switch (stop) {
    case StopReason::length:
    case StopReason::context_full: return "MAX_TOKENS";
    case StopReason::refusal: return "SAFETY";
    case StopReason::error: return "MALFORMED_RESPONSE";
    case StopReason::other: return "OTHER";
    default: return "STOP";
  }
}

AnswerPart read_part(std::string_view json) {
  AnswerPart part;
  bool call = false, other = false;
  std::string_view thought;
  LenientReader reader(json);
  if (!reader.cursor.open('{')) return part;
  std::string_view name;
  for (bool first = true; reader.cursor.next_member(first, name);) {
    bool ok = false;
    switch (kKeys.find(name)) {
      case kText: ok = reader.text(part.text); break;
      case kThought: ok = reader.cursor.take_raw(thought); break;
      case kSignature: ok = reader.text(part.signature); break;
      case kCall:
        call = reader.cursor.peek() == '{';
        ok = reader.object(kCallKeys, [&](int key) {
          if (key == kId) return reader.text(part.id);
          if (key == kName) return reader.text(part.name);
          if (key != kArguments || reader.cursor.peek() != '{') return reader.cursor.skip_value();
          return reader.cursor.take_raw(part.arguments);
        });
        break;
      default:
        other = other || (kAttributes.find(name) < 0 && reader.cursor.peek() != 'n');
        ok = reader.cursor.skip_value();
    }
    if (!ok) return {};
  }
  part.thought = thought == "true";
  part.beside = other && (call || !part.text.empty());
  if (call)
    part.kind = part.name.empty() ? AnswerPart::Kind::nothing : AnswerPart::Kind::call;
  else if (other && part.text.empty())
    part.kind = AnswerPart::Kind::native;
  else if (!part.text.empty() || part.thought)
    part.kind = AnswerPart::Kind::text;
  else if (!part.signature.empty())
    part.kind = AnswerPart::Kind::signature;
  else
    part.kind = AnswerPart::Kind::nothing;
  return part;
}

}  // namespace steelyard::dialect::gemini
