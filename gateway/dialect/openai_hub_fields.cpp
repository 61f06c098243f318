#include "gateway/dialect/openai_hub_fields.h"

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::openai {
namespace {

using hub::Document;

constexpr KeyTable kTool(key_names("type", "function", "custom", "cache_control"));
enum FunctionKey { kName, kDescription, kParameters, kStrict };
constexpr KeyTable kFunction(key_names("name", "description", "parameters", "strict"));
constexpr KeyTable kChoice(key_names("type", "function", "custom", "name"));
constexpr KeyTable kNameOnly(key_names("name"));
constexpr KeyTable kFormat(key_names("type", "json_schema"));
enum SchemaKey { kSchemaName, kSchemaDescription, kSchema, kSchemaStrict };
constexpr KeyTable kSchemaKeys(key_names("name", "description", "schema", "strict"));

template <std::size_t N, class Member>
bool object(Document& document, const Where& where, const KeyTable<N>& table, Member&& member) {
  StrictReader& reader = document.reader;
  if (!reader.enter(where, '{', "must be an object")) return false;
  StrictReader::Members members;
  for (int key; (key = reader.next(members, table, where)) != StrictReader::kEnd;) {
    if (key == StrictReader::kUnknown) {
      if (!document.skip_unknown()) return false;
    } else if (!member(key, Where{&where, table.name(static_cast<std::size_t>(key))})) {
      return false;
    }
  }
  return !reader.failed();
}

bool read_function(Document& document, const Where& where, hub::Tool& out) {
  return object(document, where, kFunction, [&](int key, const Where& at) {
    switch (key) {
      case kName: return document.reader.read_string(at, out.name);
      case kDescription: return document.reader.read_string(at, out.description);
      case kParameters: return document.take_object(at, out.schema);
      default: return document.take_tristate(at, out.strict);
    }
  });
}

bool read_tool(Document& document, const Where& where, hub::Tool& out) {
  std::string_view type;
  bool function = false;
  const bool ok = object(document, where, kTool, [&](int key, const Where& at) {
    if (key == 0) return document.reader.read_string(at, type);
    if (key == 3) return document.take_object(at, out.cache);
    function = true;
    return read_function(document, at, out);
  });
  if (!ok) return false;
  out.kind = type == "custom" ? hub::ToolKind::custom
             : function       ? hub::ToolKind::function
                              : hub::ToolKind::native;
  if (out.kind != hub::ToolKind::native && out.name.empty())
    return document.reader.refuse({&where, "function"}, "has no name");
  return true;
}

template <class Read>
bool read_list(Document& document, const Where& where, hub::Request& out, Read&& read) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  const std::size_t begin = reader.cursor.offset();
  if (!reader.enter(where, '[', "must be an array or null")) return false;
  out.tools.clear();
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where element{&where, {}, index};
    if (index == hub::tools_max) return reader.refuse(element, "is one tool too many");
    const std::size_t from = reader.cursor.offset();
    out.tools.emplace_back();
    const LostFields::Mark known = out.unknown.mark();
    if (!read(element, out.tools.back())) return false;
    out.tools.back().raw = reader.range_from(from).of(document.text);
    if (out.tools.back().kind == hub::ToolKind::native) out.unknown.undo(known);
  }
  out.tools_raw = reader.range_from(begin);
  return !reader.failed();
}

}  // namespace

bool read_hub_tools(Document& document, const Where& where, hub::Request& out) {
  return read_list(document, where, out,
                   [&](const Where& at, hub::Tool& tool) { return read_tool(document, at, tool); });
}

bool read_hub_functions(Document& document, const Where& where, hub::Request& out) {
  if (!out.tools_raw.empty()) return document.reader.cursor.skip_value();
  return read_list(document, where, out, [&](const Where& at, hub::Tool& tool) {
    if (!read_function(document, at, tool)) return false;
    return !tool.name.empty() || document.reader.refuse({&at, "name"}, "is missing");
  });
}

bool read_hub_tool_choice(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  const char c = reader.cursor.peek();
  const std::size_t begin = reader.cursor.offset();
  if (c != '{') {
    if (c != '"' && c != 'n') return reader.refuse(where, "must be a string, an object or null");
    std::string_view name;
    if (!reader.read_string(where, name)) return false;
    if (name == "auto") out.tool_choice = ToolChoice::automatic;
    if (name == "none") out.tool_choice = ToolChoice::none;
    if (name == "required" || name == "any") out.tool_choice = ToolChoice::required;
    return true;
  }
  const bool ok = object(document, where, kChoice, [&](int key, const Where& at) {
    std::string_view ignored;
    if (key == 0) return reader.read_string(at, ignored);
    if (key == 3) return reader.read_string(at, out.tool_choice_name);
    return object(document, at, kNameOnly, [&](int, const Where& inner) {
      return reader.read_string(inner, out.tool_choice_name);
    });
  });
  if (!ok) return false;
  if (out.tool_choice_name.empty())
    out.tool_choice_raw = reader.range_from(begin).of(document.text);
  else
    out.tool_choice = ToolChoice::named;
  return true;
}

bool read_hub_format(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  const std::size_t begin = reader.cursor.offset();
  std::string_view type;
  const bool ok = object(document, where, kFormat, [&](int key, const Where& at) {
    if (key == 0) return reader.read_string(at, type);
    if (reader.cursor.take_null()) return true;
    return object(document, at, kSchemaKeys, [&](int inner, const Where& place) {
      switch (inner) {
        case kSchemaName: return reader.read_string(place, out.schema_name);
        case kSchemaDescription: return reader.read_string(place, out.schema_description);
        case kSchema: return document.take_object(place, out.schema);
        default: return document.take_tristate(place, out.schema_strict);
      }
    });
  });
  if (!ok) return false;
  out.format_raw = reader.range_from(begin);
  out.format = type == "json_schema"   ? ResponseFormat::json_schema
               : type == "json_object" ? ResponseFormat::json_object
               : type == "text"        ? ResponseFormat::text
                                       : ResponseFormat::other;
  return true;
}

}  // namespace steelyard::dialect::openai
