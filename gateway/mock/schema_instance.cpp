#include <simdjson.h>

#include "config/types/json_writer.h"
#include "gateway/mock/chat_request.h"

namespace steelyard::mock {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr int kDepthMax = 32;
constexpr std::uint64_t kItemsMax = 16;

bool lists(const array& names, std::string_view name) {
  for (element entry : names) {
    std::string_view text;
    if (entry.get(text) == simdjson::SUCCESS && text == name) return true;
  }
  return false;
}

void append_object(std::string& out, const object& schema, int depth) {
  object properties;
  array required;
  const bool all = schema["required"].get(required) != simdjson::SUCCESS;
  out += '{';
  bool first = true;
  if (schema["properties"].get(properties) == simdjson::SUCCESS) {
    for (auto property : properties) {
      if (!all && !lists(required, property.key)) continue;
      if (!first) out += ',';
      first = false;
      out += '"';
      append_json_escaped(out, property.key);
      out += "\":";
      append_instance(out, property.value, depth + 1);
    }
  }
  out += '}';
}

void append_array(std::string& out, const object& schema, int depth) {
  std::uint64_t count = 0;
  element items;
  if (schema["minItems"].get(count) != simdjson::SUCCESS) count = 0;
  if (schema["items"].get(items) != simdjson::SUCCESS) count = 0;
  out += '[';
  for (std::uint64_t i = 0; i < std::min(count, kItemsMax); ++i) {
    if (i != 0) out += ',';
    append_instance(out, items, depth + 1);
  }
  out += ']';
}

void append_text(std::string& out, const object& schema) {
  std::uint64_t length = 0;
  if (schema["minLength"].get(length) != simdjson::SUCCESS) length = 0;
  out += "\"mock";
  for (std::uint64_t i = 4; i < std::min<std::uint64_t>(length, 4096); ++i) out += 'k';
  out += '"';
}

// The type, or the first that is not "null" of a list of types.
std::string_view type_of(const object& schema) {
  std::string_view type;
  array types;
  if (schema["type"].get(type) == simdjson::SUCCESS) return type;
  if (schema["type"].get(types) == simdjson::SUCCESS) {
    for (element entry : types) {
      if (entry.get(type) == simdjson::SUCCESS && type != "null") return type;
    }
  }
  element ignored;
  return schema["properties"].get(ignored) == simdjson::SUCCESS ? "object" : "";
}

// A value the schema spells out itself, if it does.
bool append_given(std::string& out, const object& schema, int depth) {
  element value;
  array list;
  for (const char* key : {"const", "default"}) {
    if (schema[key].get(value) != simdjson::SUCCESS) continue;
    out += simdjson::minify(value);
    return true;
  }
  if (schema["enum"].get(list) == simdjson::SUCCESS && list.size() > 0) {
    out += simdjson::minify(list.at(0).value_unsafe());
    return true;
  }
  for (const char* key : {"anyOf", "oneOf", "allOf"}) {
    if (schema[key].get(list) != simdjson::SUCCESS || list.size() == 0) continue;
    append_instance(out, list.at(0).value_unsafe(), depth + 1);
    return true;
  }
  return false;
}

}  // namespace

void append_instance(std::string& out, const element& schema, int depth) {
  object fields;
  if (depth > kDepthMax || schema.get(fields) != simdjson::SUCCESS) {
    out += "null";
    return;
  }
  if (append_given(out, fields, depth)) return;
  const std::string_view type = type_of(fields);
  if (type == "object") return append_object(out, fields, depth);
  if (type == "array") return append_array(out, fields, depth);
  if (type == "string") return append_text(out, fields);
  if (type == "boolean") {
    out += "true";
  } else if (type == "integer" || type == "number") {
    element least;
    const bool bounded = fields["minimum"].get(least) == simdjson::SUCCESS;
    out += bounded ? simdjson::minify(least) : std::string("1");
  } else {
    out += "null";
  }
}

}  // namespace steelyard::mock
