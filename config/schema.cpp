#include "config/schema.h"

#include <vector>

#include "config/tables.h"
#include "config/types/json_writer.h"

namespace steelyard {
namespace {

// Every scalar may be a reference; an editor must not mark it.
constexpr const char* reference_pattern = R"(\$\{(env|file):)";

bool numeric(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

void write_shape(JsonWriter& json, const Shape& shape);

void write_reference(JsonWriter& json) {
  json.begin_object().field("type", "string").field("pattern", reference_pattern).end_object();
}

void write_text(JsonWriter& json, const Shape& shape) {
  json.key("type").begin_array().string("string").string("number").end_array();
  if (shape.pattern.empty()) return;
  json.field("pattern", "^(" + shape.pattern + ")$|" + reference_pattern);
}

void write_number(JsonWriter& json, const Shape& shape) {
  json.key("anyOf").begin_array().begin_object();
  json.field("type", shape.kind == Shape::Kind::integer ? "integer" : "number");
  if (shape.min != 0 || shape.max != 0)
    json.field("minimum", shape.min).field("maximum", shape.max);
  json.end_object();
  write_reference(json);
  json.end_array();
}

void write_choice(JsonWriter& json, const Shape& shape) {
  json.key("anyOf").begin_array().begin_object();
  if (shape.kind == Shape::Kind::boolean) {
    json.field("type", "boolean");
  } else {
    json.key("enum").begin_array();
    for (const std::string& choice : shape.choices) {
      json.string(choice);
      if (numeric(choice)) json.raw(choice);
    }
    json.end_array();
  }
  json.end_object();
  write_reference(json);
  json.end_array();
}

void write_list(JsonWriter& json, const Shape& shape) {
  if (shape.kind == Shape::Kind::list) {
    json.field("type", "array").key("items");
    return write_shape(json, shape.inner.front());
  }
  json.key("anyOf").begin_array();
  write_shape(json, shape.inner.front());
  json.begin_object().field("type", "array").key("items");
  write_shape(json, shape.inner.front());
  json.end_object().end_array();
}

// The inside of a schema object.
void write_body(JsonWriter& json, const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::text: return write_text(json, shape);
    case Shape::Kind::integer:
    case Shape::Kind::number: return write_number(json, shape);
    case Shape::Kind::boolean:
    case Shape::Kind::choice: return write_choice(json, shape);
    case Shape::Kind::list:
    case Shape::Kind::one_or_list: return write_list(json, shape);
    case Shape::Kind::object: json.field("$ref", "#/definitions/" + shape.object); return;
    case Shape::Kind::map_of:
      json.field("type", "object").key("additionalProperties");
      return write_shape(json, shape.inner.front());
    case Shape::Kind::any: return;
    case Shape::Kind::either:
      json.key("anyOf").begin_array();
      for (const Shape& one : shape.inner) write_shape(json, one);
      json.end_array();
  }
}

void write_shape(JsonWriter& json, const Shape& shape) {
  json.begin_object();
  write_body(json, shape);
  json.end_object();
}

void write_field(JsonWriter& json, const FieldInfo& field) {
  json.key(field.key).begin_object();
  json.field("description",
             field.standard.empty() ? field.doc : field.doc + " (default: " + field.standard + ")");
  // Draft-07 ignores what stands beside `$ref`: wrap it.
  if (field.shape.kind == Shape::Kind::object) {
    json.key("allOf").begin_array();
    write_shape(json, field.shape);
    json.end_array();
  } else {
    write_body(json, field.shape);
  }
  json.end_object();
}

void write_table(JsonWriter& json, const TableInfo& table) {
  json.field("type", "object").field("description", table.doc).field("additionalProperties", false);
  json.key("properties").begin_object();
  for (const FieldInfo& field : table.fields) write_field(json, field);
  json.end_object();
  if (table.name == "budget") {
    // To an editor `{ limit: $20,000 }` is `$20` and a key `000`; the loader puts the amount
    // together again.
    json.key("patternProperties").begin_object().key("^[0-9]{3}(\\.[0-9]+)?( USD)?$");
    json.begin_object().field("type", "null").end_object().end_object();
  }
  std::vector<std::string> required;
  for (const FieldInfo& field : table.fields) {
    if (field.required) required.push_back(field.key);
  }
  if (required.empty()) return;
  json.key("required").begin_array();
  for (const std::string& key : required) json.string(key);
  json.end_array();
}

// Compact JSON → two-space indentation; short arrays of scalars stay on their line.
std::string indented(const std::string& compact) {
  std::string out;
  std::size_t depth = 0;
  bool text = false;
  const auto line = [&] { out += "\n" + std::string(2 * depth, ' '); };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    const char next = i + 1 < compact.size() ? compact[i + 1] : '\0';
    if (text) {
      out += c;
      if (c == '\\') out += compact[++i];
      text = compact[i] != '"' || c == '\\';
    } else if (c == '{' || c == '[') {
      out += c;
      if (next == '}' || next == ']') continue;
      ++depth;
      line();
    } else if (c == '}' || c == ']') {
      if (out.back() != '{' && out.back() != '[') {
        --depth;
        line();
      }
      out += c;
    } else {
      text = c == '"';
      out += c;
      if (c == ',') line();
      if (c == ':') out += ' ';
    }
  }
  return out + "\n";
}

std::vector<TableInfo> tables_of(SchemaKind kind) {
  switch (kind) {
    case SchemaKind::gateway: return gateway_tables();
    case SchemaKind::models: return catalog_tables();
    case SchemaKind::policies: return policy_tables();
  }
  return {};
}

}  // namespace

std::string json_schema(SchemaKind kind) {
  const std::vector<TableInfo> tables = tables_of(kind);
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("$schema", "http://json-schema.org/draft-07/schema#");
  json.field("title", "Steelyard: " + tables.front().doc);
  write_table(json, tables.front());
  json.key("definitions").begin_object();
  for (std::size_t i = 1; i < tables.size(); ++i) {
    json.key(tables[i].name).begin_object();
    write_table(json, tables[i]);
    json.end_object();
  }
  json.end_object();
  json.end_object();
  return indented(out);
}

}  // namespace steelyard
