#include "gateway/dialect/anthropic_fields.h"

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::anthropic {
namespace {

using hub::Document;

constexpr std::int64_t kBudgetMax = std::int64_t{1} << 31;

enum ToolKey { kType, kName, kDescription, kInputSchema, kCacheControl, kStrict };
constexpr KeyTable kToolKeys(key_names("type", "name", "description", "input_schema",
                                       "cache_control", "strict"));
constexpr KeyTable kChoiceKeys(key_names("type", "name", "disable_parallel_tool_use"));
constexpr KeyTable kChoices(key_names("auto", "none", "any", "tool"));
constexpr ToolChoice kChoiceOf[] = {ToolChoice::automatic, ToolChoice::none, ToolChoice::required,
                                    ToolChoice::named};
constexpr KeyTable kThinkingKeys(key_names("type", "budget_tokens"));
constexpr KeyTable kConfigKeys(key_names("effort", "format"));
constexpr KeyTable kFormatKeys(key_names("type", "schema"));
constexpr KeyTable kMetadataKeys(key_names("user_id"));

// Walks an object or null: member(key index) takes each known value, unknown ones are passed over.
template <std::size_t N, class Member>
bool object(Document& document, const Where& where, const KeyTable<N>& table, Member&& member) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  if (!reader.enter(where, '{', "must be an object or null")) return false;
  StrictReader::Members members;
  for (int key; (key = reader.next(members, table, where)) != StrictReader::kEnd;) {
    if (!(key == StrictReader::kUnknown ? document.skip_unknown() : member(key))) return false;
  }
  return !reader.failed();
}

bool read_tool(Document& document, const Where& where, hub::Tool& out) {
  StrictReader& reader = document.reader;
  const std::size_t begin = reader.cursor.offset();
  std::string_view& type = out.type;
  if (reader.cursor.peek() != '{') return reader.refuse(where, "must be an object");
  const bool ok = object(document, where, kToolKeys, [&](int key) {
    const Where at{&where, kToolKeys.name(static_cast<std::size_t>(key))};
    switch (key) {
      case kType: return reader.read_string(at, type);
      case kName: return reader.read_string(at, out.name);
      case kDescription: return reader.read_string(at, out.description);
      case kInputSchema: return document.take_object(at, out.schema);
      case kCacheControl: return document.take_object(at, out.cache);
      default: return document.take_tristate(at, out.strict);
    }
  });
  if (!ok) return false;
  out.raw = reader.range_from(begin).of(document.text);
  // Tools with a dated type run at Anthropic, or have a schema only Claude knows.
  out.kind = type.empty() || type == "custom" ? hub::ToolKind::function : hub::ToolKind::native;
  if (out.kind == hub::ToolKind::function && out.name.empty())
    return reader.refuse({&where, "name"}, "must be a string that is not empty");
  return true;
}

}  // namespace

bool read_tools(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  const std::size_t begin = reader.cursor.offset();
  if (!reader.enter(where, '[', "must be an array or null")) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (index == hub::tools_max) return reader.refuse(element, "is one tool too many");
    out.tools.emplace_back();
    const LostFields::Mark known = out.unknown.mark();
    if (!read_tool(document, element, out.tools.back())) return false;
    if (out.tools.back().kind == hub::ToolKind::native) out.unknown.undo(known);
  }
  out.tools_raw = reader.range_from(begin);
  return !reader.failed();
}

bool read_tool_choice(Document& document, const Where& where, hub::Request& out) {
  const std::size_t begin = document.reader.cursor.offset();
  std::string_view type;
  hub::Tristate single = hub::Tristate::unset;
  const bool ok = object(document, where, kChoiceKeys, [&](int key) {
    if (key == 0) return document.reader.read_string({&where, "type"}, type);
    if (key == 1) return document.reader.read_string({&where, "name"}, out.tool_choice_name);
    return document.take_tristate({&where, "disable_parallel_tool_use"}, single);
  });
  if (!ok) return false;
  if (single == hub::Tristate::yes) out.parallel_tools = hub::Tristate::no;
  if (single == hub::Tristate::no) out.parallel_tools = hub::Tristate::yes;
  const int known = kChoices.find(type);
  if (known >= 0)
    out.tool_choice = kChoiceOf[known];
  else if (!type.empty())
    out.tool_choice_raw = document.reader.range_from(begin).of(document.text);
  if (out.tool_choice == ToolChoice::named && out.tool_choice_name.empty())
    return document.reader.refuse({&where, "name"}, "must be a string that is not empty");
  return true;
}

bool read_thinking(Document& document, const Where& where, hub::Request& out) {
  std::string_view type;
  const bool ok = object(document, where, kThinkingKeys, [&](int key) {
    if (key == 0) return document.reader.read_string({&where, "type"}, type);
    return document.reader.read_integer({&where, "budget_tokens"}, 1, kBudgetMax,
                                        out.thinking_budget);
  });
  if (!ok) return false;
  if (type == "enabled") out.thinking = hub::Thinking::budget;
  if (type == "adaptive" || type == "between_tools") out.thinking = hub::Thinking::adaptive;
  if (type == "disabled") out.thinking = hub::Thinking::off;
  return true;
}

bool read_output_format(Document& document, const Where& where, hub::Request& out) {
  std::string_view type;
  const std::size_t begin = document.reader.cursor.offset();
  const bool ok = object(document, where, kFormatKeys, [&](int key) {
    if (key == 0) return document.reader.read_string({&where, "type"}, type);
    return document.take_object({&where, "schema"}, out.schema);
  });
  if (!ok || type.empty()) return ok;
  out.format_raw = document.reader.range_from(begin);
  out.format = type == "json_schema" ? ResponseFormat::json_schema : ResponseFormat::other;
  out.fields.add(Field::response_format);
  return true;
}

bool read_output_config(Document& document, const Where& where, hub::Request& out) {
  std::string_view effort;
  const bool ok = object(document, where, kConfigKeys, [&](int key) {
    if (key == 0) return document.reader.read_string({&where, "effort"}, effort);
    return read_output_format(document, {&where, "format"}, out);
  });
  if (!ok) return false;
  out.effort = hub::effort_named(effort);
  if (!effort.empty()) out.fields.add(Field::reasoning_effort);
  return true;
}

bool read_metadata(Document& document, const Where& where, hub::Request& out) {
  const std::size_t begin = document.reader.cursor.offset();
  const bool given = document.reader.cursor.peek() != 'n';
  const bool ok = object(document, where, kMetadataKeys, [&](int) {
    return document.reader.read_string({&where, "user_id"}, out.user);
  });
  if (ok && given) out.metadata = document.reader.range_from(begin);
  return ok;
}

}  // namespace steelyard::dialect::anthropic
