// The tables as a page for people.
#include <vector>

#include "config/schema.h"
#include "config/tables.h"

namespace steelyard {
namespace {

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

std::string written(const Shape& shape) {
  std::vector<std::string> parts;
  switch (shape.kind) {
    case Shape::Kind::text:
    case Shape::Kind::any: return shape.described;
    case Shape::Kind::boolean: return "`true` or `false`";
    case Shape::Kind::integer:
    case Shape::Kind::number: {
      const char* noun = shape.kind == Shape::Kind::integer ? "whole number" : "number";
      if (shape.min == 0 && shape.max == 0) return noun;
      return std::string(noun) + ", " + std::to_string(shape.min) + " to " +
             std::to_string(shape.max);
    }
    case Shape::Kind::choice:
      for (const std::string& choice : shape.choices) parts.push_back("`" + choice + "`");
      return joined(parts, ", ");
    case Shape::Kind::list: return "list of: " + written(shape.inner.front());
    case Shape::Kind::one_or_list: return "one or a list of: " + written(shape.inner.front());
    case Shape::Kind::map_of: return "map from names to: " + written(shape.inner.front());
    case Shape::Kind::object: return "[" + shape.object + "](#" + shape.object + ")";
    case Shape::Kind::either:
      for (const Shape& one : shape.inner) parts.push_back(written(one));
      return joined(parts, "; or ");
  }
  return "";
}

void append_table(std::string& out, const TableInfo& table) {
  out += "\n### " + table.name + "\n\n" + table.doc +
         "\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const FieldInfo& field : table.fields) {
    const std::string standard = field.required           ? "**required**"
                                 : field.standard.empty() ? ""
                                                          : "`" + field.standard + "`";
    out += "| `" + field.key + "` | " + written(field.shape) + " | " + standard + " | " +
           field.doc + " |\n";
  }
}

}  // namespace

std::string reference_markdown() {
  std::string out =
      "# Every key of every file\n\n"
      "Written by the program itself; do not edit. `${env:NAME}`, `${env:NAME:-fallback}` and "
      "`${file:path}` may stand\n"
      "in every value; `$${` is a plain `${`. YAML anchors, aliases and `<<` work; duplicate and "
      "unknown keys are errors.\n";
  out += "\n## The main file: gateway.yaml\n";
  for (const TableInfo& table : gateway_tables()) append_table(out, table);
  out += "\n## Catalogue files: models.yaml\n";
  for (const TableInfo& table : catalog_tables()) append_table(out, table);
  out +=
      "\n## Policy files: policies/*.yaml\n\nThe tables `policy`, `when`, `use` and `range` are "
      "above.\n";
  append_table(out, policy_tables().front());
  return out;
}

}  // namespace steelyard
