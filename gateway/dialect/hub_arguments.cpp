#include "gateway/dialect/hub_arguments.h"

#include <algorithm>

#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::hub {

void write_arguments(PieceWriter& json, const Part& part, std::string& scratch, Dropped& dropped) {
  if (part.custom_tool) {
    json.open('{').field("input", part.arguments).close('}');
    return;
  }
  std::string_view value = part.arguments;
  if (part.arguments_escaped) {
    scratch.clear();
    append_unescaped(scratch, part.arguments);
    value = scratch;
  }
  if (value.empty()) {
    json.raw("{}");
  } else if (is_json_object(value)) {
    json.raw(value);
  } else if (is_json(value)) {
    dropped.add(Loss::tool_arguments);
    json.open('{').field_raw("value", value).close('}');
  } else {
    dropped.add(Loss::tool_arguments);
    json.open('{').key("_raw").text(value).close('}');
  }
}

void write_answered_arguments(PieceWriter& json, std::string_view escaped, bool custom_tool,
                              bool one_line) {
  std::string plain;
  if (!custom_tool) append_unescaped(plain, escaped);
  // Line ends in JSON are white space.
  if (one_line)
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  if (custom_tool)
    json.open('{').field("input", escaped).close('}');
  else if (plain.empty())
    json.raw("{}");
  else if (is_answered_object(plain))
    json.raw(plain);
  else
    json.open('{').field("_raw", escaped).close('}');
}

}  // namespace steelyard::dialect::hub
