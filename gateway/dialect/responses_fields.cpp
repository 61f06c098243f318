#include "gateway/dialect/responses_fields.h"

#include <algorithm>

#include "gateway/dialect/key_table.h"
#include "gateway/dialect/responses_names.h"

namespace steelyard::dialect::responses {
namespace {

using hub::Document;

enum ToolKey { kType, kName, kDescription, kParameters, kStrict, kFormat, kTools };
constexpr KeyTable kTool(key_names("type", "name", "description", "parameters", "strict", "format",
                                   "tools"));
constexpr KeyTable kGrammar(key_names("type", "syntax", "definition"));
constexpr KeyTable kChoice(key_names("type", "name"));
constexpr KeyTable kText(key_names("format", "verbosity"));
enum FormatKey { kFormatType, kFormatName, kFormatDescription, kSchema, kFormatStrict };
constexpr KeyTable kFormatKeys(key_names("type", "name", "description", "schema", "strict"));
constexpr KeyTable kReasoning(key_names("effort", "summary"));

// Walks an object or null: member(key index, place) takes each known value.
template <std::size_t N, class Member>
bool object(Document& document, const Where& where, const KeyTable<N>& table, Member&& member) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  if (!reader.enter(where, '{', "must be an object or null")) return false;
  StrictReader::Members members;
  for (int key; (key = reader.next(members, table, where)) != StrictReader::kEnd;) {
    const bool ok = key == StrictReader::kUnknown
                        ? document.skip_unknown()
                        : member(key, Where{&where, table.name(static_cast<std::size_t>(key))});
    if (!ok) return false;
  }
  return !reader.failed();
}

class ToolsReader {
 public:
  ToolsReader(MadeTexts& made, hub::Request& out) : made_(made), out_(out) {}

  bool list(Document& document, const Where& where, std::string_view space) {
    StrictReader& reader = document.reader;
    if (reader.cursor.take_null()) return true;
    if (!reader.enter(where, '[', "must be an array or null")) return false;
    std::size_t index = 0;
    for (bool first = true; reader.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      if (out_.tools.size() >= hub::tools_max)
        return reader.refuse(element, "is one tool too many");
      if (!one(document, element, space)) return false;
    }
    return !reader.failed();
  }

 private:
  bool one(Document& document, const Where& where, std::string_view space) {
    StrictReader& reader = document.reader;
    const std::size_t begin = reader.cursor.offset();
    const LostFields::Mark known = out_.unknown.mark();
    hub::Tool tool;
    std::string_view type, inner, syntax, definition;
    if (reader.cursor.peek() != '{') return reader.refuse(where, "must be an object");
    const bool ok = object(document, where, kTool, [&](int key, const Where& at) {
      switch (key) {
        case kType: return reader.read_string(at, type);
        case kName: return reader.read_string(at, tool.name);
        case kDescription: return reader.read_string(at, tool.description);
        case kParameters: return document.take_object(at, tool.schema);
        case kStrict: return document.take_tristate(at, tool.strict);
        case kTools: return document.take_raw(inner);
        default: return format(document, at, syntax, definition);
      }
    });
    if (!ok) return false;
    tool.raw = reader.range_from(begin).of(document.text);
    tool.type = type;
    if (type == "namespace" && space.empty()) return enter(document, where, tool.name, inner);
    tool.kind = type == "function" ? hub::ToolKind::function
                : type == "custom" ? hub::ToolKind::custom
                                   : hub::ToolKind::native;
    if (tool.kind == hub::ToolKind::native) {
      out_.unknown.undo(known);
      out_.tools.push_back(tool);
      return true;
    }
    if (tool.name.empty())
      return reader.refuse({&where, "name"}, "must be a string that is not empty");
    if (!definition.empty()) add_grammar(tool, syntax, definition);
    return add(reader, where, space, tool);
  }

  bool format(Document& document, const Where& where, std::string_view& syntax,
              std::string_view& definition) {
    StrictReader& reader = document.reader;
    if (reader.cursor.peek() != '{') return reader.cursor.skip_value();
    return object(document, where, kGrammar, [&](int key, const Where& at) {
      if (key == 0) return reader.cursor.skip_value();
      return reader.read_string(at, key == 1 ? syntax : definition);
    });
  }

  // Its members come in any order, so its tools are looked at once its name is known.
  bool enter(Document& document, const Where& where, std::string_view space,
             std::string_view inner) {
    if (space.empty())
      return document.reader.refuse({&where, "name"}, "must be a string that is not empty");
    if (inner.empty()) return true;
    std::string refusal;
    Document inside(inner, refusal);
    inside.unknown = document.unknown;
    const Where at{&where, "tools"};
    return list(inside, at, space) || document.reader.repeat(refusal);
  }

  void add_grammar(hub::Tool& tool, std::string_view syntax, std::string_view definition) {
    std::string& text = made_.emplace_back(tool.description);
    if (!text.empty()) text += "\\n\\n";
    text.append("The input must follow this ").append(syntax).append(" grammar:\\n");
    text += definition;
    tool.description = text;
  }

  bool add(StrictReader& reader, const Where& where, std::string_view space, hub::Tool& tool) {
    if (!space.empty()) {
      std::string& flat = made_.emplace_back();
      append_flat_name(flat, space, tool.name);
      tool.name = flat;
      const auto same = [&](const hub::Tool& other) { return other.name == tool.name; };
      if (std::any_of(out_.tools.begin(), out_.tools.end(), same))
        return reader.refuse(where, "has the name of another tool once its namespace is before it");
    }
    out_.tools.push_back(tool);
    return true;
  }

  MadeTexts& made_;
  hub::Request& out_;
};

}  // namespace

bool read_tools(Document& document, const Where& where, MadeTexts& made, hub::Request& out) {
  return ToolsReader(made, out).list(document, where, {});
}

bool read_tool_choice(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  const std::size_t begin = reader.cursor.offset();
  if (reader.cursor.peek() == '{') {
    std::string_view type;
    const bool ok = object(document, where, kChoice, [&](int key, const Where& at) {
      return reader.read_string(at, key == 0 ? type : out.tool_choice_name);
    });
    if (!ok) return false;
    if ((type == "function" || type == "custom") && !out.tool_choice_name.empty())
      out.tool_choice = ToolChoice::named;
    else
      out.tool_choice_raw = reader.range_from(begin).of(document.text);
    return true;
  }
  const char c = reader.cursor.peek();
  if (c != '"' && c != 'n') return reader.refuse(where, "must be a string, an object or null");
  std::string_view name;
  if (!reader.read_string(where, name)) return false;
  if (name == "auto") out.tool_choice = ToolChoice::automatic;
  if (name == "none") out.tool_choice = ToolChoice::none;
  if (name == "required") out.tool_choice = ToolChoice::required;
  return true;
}

bool read_text(Document& document, const Where& where, hub::Request& out) {
  StrictReader& reader = document.reader;
  return object(document, where, kText, [&](int key, const Where& at) {
    if (key == 1) return document.take_extra(at, "verbosity", out);
    const std::size_t begin = reader.cursor.offset();
    std::string_view type;
    const bool ok = object(document, at, kFormatKeys, [&](int inner, const Where& place) {
      switch (inner) {
        case kFormatType: return reader.read_string(place, type);
        case kFormatName: return reader.read_string(place, out.schema_name);
        case kFormatDescription: return reader.read_string(place, out.schema_description);
        case kSchema: return document.take_object(place, out.schema);
        default: return document.take_tristate(place, out.schema_strict);
      }
    });
    if (!ok || type.empty()) return ok;
    out.format_raw = reader.range_from(begin);
    out.format = type == "json_schema"   ? ResponseFormat::json_schema
                 : type == "json_object" ? ResponseFormat::json_object
                 : type == "text"        ? ResponseFormat::text
                                         : ResponseFormat::other;
    if (out.format != ResponseFormat::text) out.fields.add(Field::response_format);
    return true;
  });
}

bool read_reasoning(Document& document, const Where& where, hub::Request& out) {
  std::string_view effort, summary;
  const bool ok = object(document, where, kReasoning, [&](int key, const Where& at) {
    return document.reader.read_string(at, key == 0 ? effort : summary);
  });
  if (!ok) return false;
  out.effort = hub::effort_named(effort);
  if (!effort.empty()) out.fields.add(Field::reasoning_effort);
  return true;
}

}  // namespace steelyard::dialect::responses
