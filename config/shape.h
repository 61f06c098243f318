#pragma once
// What a field looks like to someone who writes it: the source of the JSON Schema, the reference
// and the error texts.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace steelyard {

struct Shape {
  enum class Kind : std::uint8_t {
    text,
    boolean,
    integer,
    number,
    choice,
    list,
    one_or_list,
    map_of,
    object,
    either,
    any,  // JSON of any kind
  };
  Kind kind = Kind::text;
  std::string pattern;               // of text: ECMA 262 regular expression without anchors; "" any
  std::int64_t min = 0, max = 0;     // of integer and number; both 0: no bounds
  std::vector<std::string> choices;  // of choice
  std::string object;                // of object: the name of its table
  std::vector<Shape> inner;  // of list, one_or_list, map_of: one; of either: all alternatives
  std::string described;     // "a duration such as `10s`": for the reference
};

// One row of a table, seen without its type.
struct FieldInfo {
  std::string key;
  std::string doc;
  std::string standard;  // default as YAML; "" none
  bool required = false;
  Shape shape;
};

// A table, seen without its type.
struct TableInfo {
  std::string name;  // "provider": unique
  std::string doc;
  std::vector<FieldInfo> fields;
};

// Short makers: shapes read as one line in the tables.
Shape text_shape(std::string described, std::string pattern = "");
Shape choice_shape(std::vector<std::string> choices);
Shape integer_shape(std::int64_t min, std::int64_t max);
Shape number_shape(std::int64_t min, std::int64_t max);
Shape boolean_shape();
Shape object_shape(std::string table);
Shape list_shape(Shape item);
Shape one_or_list_shape(Shape item);
Shape map_shape(Shape value);
Shape any_shape(std::string described);
Shape either_shape(std::vector<Shape> alternatives);

}  // namespace steelyard
