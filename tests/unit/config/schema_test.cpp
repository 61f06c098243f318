// The committed schemas and the reference are what the tables say; `UPDATE_GOLDEN=1` rewrites them.
#include "config/schema.h"

#include <doctest/doctest.h>

#include <set>

#include "config/tables.h"
#include "support.h"

namespace steelyard::test {
namespace {

void check_fresh(const std::string& path, const std::string& text) {
  CAPTURE(path);
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1")
    std::ofstream(source_path(path), std::ios::binary) << text;
  CHECK(read_disk(source_path(path)).value_or("(no such file)") == text);
}

void check_shape(const Shape& shape, const std::set<std::string>& tables) {
  if (shape.kind == Shape::Kind::object) {
    CAPTURE(shape.object);
    CHECK(tables.count(shape.object) == 1);
  }
  for (const Shape& inner : shape.inner) check_shape(inner, tables);
}

}  // namespace

TEST_CASE("schemas and reference are fresh") {
  check_fresh("config/schema/steelyard.schema.json", json_schema(SchemaKind::gateway));
  check_fresh("config/schema/models.schema.json", json_schema(SchemaKind::models));
  check_fresh("config/schema/policies.schema.json", json_schema(SchemaKind::policies));
  check_fresh("config/REFERENCE.md", reference_markdown());
}

TEST_CASE("tables: unique names, unique keys, a sentence for each, and no dangling reference") {
  for (const auto& tables : {gateway_tables(), catalog_tables(), policy_tables()}) {
    std::set<std::string> names;
    for (const TableInfo& table : tables) CHECK(names.insert(table.name).second);
    for (const TableInfo& table : tables) {
      CAPTURE(table.name);
      CHECK_FALSE(table.doc.empty());
      std::set<std::string> keys;
      for (const FieldInfo& field : table.fields) {
        CAPTURE(field.key);
        CHECK(keys.insert(field.key).second);
        CHECK_FALSE(field.doc.empty());
        check_shape(field.shape, names);
      }
    }
  }
}

}  // namespace steelyard::test
