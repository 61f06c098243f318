#include "gateway/dialect/hub_read.h"

#include "gateway/dialect/openai_request.h"

namespace steelyard::dialect::hub {
namespace {

constexpr std::string_view anthropic_orphan =
    "answers no call: unexpected `tool_use_id` found in `tool_result` blocks. Each `tool_result` "
    "block must have a corresponding `tool_use` block in the previous message";
constexpr std::string_view responses_orphan =
    "answers no call: No tool call found for function call output with this call_id";
constexpr std::string_view gemini_orphan =
    "answers no call: the number of function response parts must be equal to the number of "
    "function call parts of the function call turn";

}  // namespace

bool Document::take_raw(std::string_view& out) {
  const std::size_t begin = reader.cursor.offset();
  if (!reader.cursor.skip_value()) return false;
  out = reader.range_from(begin).of(text);
  return true;
}

bool Document::take(std::string_view& inside, std::string_view& raw) {
  if (reader.cursor.peek() == '"') return reader.cursor.take_string(inside);
  if (reader.cursor.take_null()) return true;
  return !reader.failed() && take_raw(raw);
}

bool Document::take_object(const Where& where, std::string_view& out) {
  ByteRange range;
  if (!reader.read_raw(where, '{', range)) return false;
  if (!range.empty()) out = range.of(text);
  return true;
}

bool Document::take_number(const Where& where, std::string_view& raw) {
  if (reader.cursor.take_null()) return true;
  const char c = reader.cursor.peek();
  if (c != '-' && (c < '0' || c > '9')) return reader.refuse(where, "must be a number or null");
  return reader.cursor.take_scalar(raw);
}

bool Document::take_tristate(const Where& where, Tristate& out) {
  if (reader.cursor.take_null()) return true;
  bool value = false;
  if (!reader.read_bool(where, value)) return false;
  out = value ? Tristate::yes : Tristate::no;
  return true;
}

bool Document::skip_unknown() {
  if (unknown == nullptr) return reader.cursor.skip_value();
  const std::size_t end = reader.cursor.end_of_previous_key() - 1;
  const std::size_t begin = text.rfind('"', end - 1) + 1;
  std::string_view value;
  if (!take_raw(value)) return false;
  unknown->add(text.substr(begin, end - begin), value);
  return true;
}

bool Document::take_extra(const Where& where, std::string_view key, Request& out) {
  if (reader.cursor.take_null()) return true;
  if (reader.failed()) return false;
  if (out.extras.size() == extras_max) return reader.refuse(where, "has too many unknown fields");
  Extra extra{key, {}};
  if (!take_raw(extra.value)) return false;
  out.extras.push_back(extra);
  return true;
}

bool read_model(Document& document, const Where& where, ModelRoom& room, Request& out) {
  StrictReader& reader = document.reader;
  if (reader.cursor.peek() != '"') return reader.refuse(where, "must be a string");
  const std::size_t begin = reader.cursor.offset();
  std::string_view name;
  if (!reader.cursor.take_string(name)) return false;
  if (reader.cursor.last_string_had_escapes()) {
    const std::size_t size = unescape_into(room.data(), room.size(), name);
    name = size <= room.size() ? std::string_view(room.data(), size) : std::string_view();
  }
  if (!openai::is_model_token(name)) {
    return reader.refuse(
        where,
        "must be a model name: 1 to 128 letters, digits or ._:/@+-, a letter or digit first");
  }
  out.model = name;
  out.model_token = reader.range_from(begin);
  return true;
}

bool read_limit(Document& document, const Where& where, std::int64_t lowest, OutputLimit& out) {
  StrictReader& reader = document.reader;
  const std::size_t key_end = reader.cursor.end_of_previous_key();
  const std::size_t begin = reader.cursor.offset();
  const bool given = reader.cursor.peek() != 'n';
  if (!reader.read_integer(where, lowest, output_tokens_max, out.tokens)) return false;
  const auto key_size = static_cast<std::uint32_t>(where.name.size() + 2);
  out.key = {static_cast<std::uint32_t>(key_end) - key_size, key_size};
  out.value = reader.range_from(begin);
  out.zero = given && out.tokens == 0;
  return true;
}

bool read_stops(Document& document, const Where& where, Request& out) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  if (reader.cursor.peek() == '"') {
    out.stops.emplace_back();
    return reader.cursor.take_string(out.stops.back());
  }
  if (!reader.enter(where, '[', "must be an array of strings, a string or null")) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (index == stops_max) return reader.refuse(element, "is one stop sequence too many");
    if (reader.cursor.peek() != '"') return reader.refuse(element, "must be a string");
    out.stops.emplace_back();
    if (!reader.cursor.take_string(out.stops.back())) return false;
  }
  return !reader.failed();
}

void note_result(Request& out, const Where& where, std::string_view id, std::string_view name) {
  const ToolPairs::Standing standing = out.pairs.result(id, name);
  if (standing == ToolPairs::Standing::known || out.orphan_result) return;
  out.orphan_result = standing == ToolPairs::Standing::orphan;
  if (!out.orphan_result && !out.stray_result.empty()) return;
  out.stray_result.clear();
  append_pointer(out.stray_result, where);
}

std::string stray_refusal(const Request& request) {
  std::string text = "`" + request.stray_result + "` ";
  switch (request.wire) {
    case Wire::anthropic: return text.append(anthropic_orphan);
    case Wire::openai_responses: return text.append(responses_orphan);
    case Wire::gemini: return text.append(gemini_orphan);
    case Wire::converse:
    case Wire::openai_chat: break;
  }
  return text.append(chat_orphan);
}

bool refuse_orphan(Document& document, const Request& out) {
  return !out.orphan_result || document.reader.repeat(stray_refusal(out));
}

Error refusal_of(const StrictReader& reader, std::string refusal) {
  if (refusal.empty()) {
    const JsonFault fault = reader.cursor.fault();
    refusal = "the request body is not valid JSON: ";
    refusal += describe(fault);
    if (fault >= JsonFault::bad_utf8)
      refusal += " at byte " + std::to_string(reader.cursor.offset());
  }
  return Error(ErrorKind::bad_request, ErrorSource::client, Retry::never, std::move(refusal));
}

}  // namespace steelyard::dialect::hub
