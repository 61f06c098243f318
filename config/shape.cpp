#include "config/shape.h"

#include <utility>

namespace steelyard {
namespace {

Shape of_kind(Shape::Kind kind) {
  Shape shape;
  shape.kind = kind;
  return shape;
}

Shape around(Shape::Kind kind, Shape inner) {
  Shape shape = of_kind(kind);
  shape.inner.push_back(std::move(inner));
  return shape;
}

}  // namespace

Shape text_shape(std::string described, std::string pattern) {
  Shape shape = of_kind(Shape::Kind::text);
  shape.described = std::move(described);
  shape.pattern = std::move(pattern);
  return shape;
}

Shape choice_shape(std::vector<std::string> choices) {
  Shape shape = of_kind(Shape::Kind::choice);
  shape.choices = std::move(choices);
  return shape;
}

Shape integer_shape(std::int64_t min, std::int64_t max) {
  Shape shape = of_kind(Shape::Kind::integer);
  shape.min = min;
  shape.max = max;
  return shape;
}

Shape number_shape(std::int64_t min, std::int64_t max) {
  Shape shape = integer_shape(min, max);
  shape.kind = Shape::Kind::number;
  return shape;
}

Shape boolean_shape() {
  return of_kind(Shape::Kind::boolean);
}

Shape object_shape(std::string table) {
  Shape shape = of_kind(Shape::Kind::object);
  shape.object = std::move(table);
  return shape;
}

Shape list_shape(Shape item) {
  return around(Shape::Kind::list, std::move(item));
}

Shape one_or_list_shape(Shape item) {
  return around(Shape::Kind::one_or_list, std::move(item));
}

Shape map_shape(Shape value) {
  return around(Shape::Kind::map_of, std::move(value));
}

Shape any_shape(std::string described) {
  Shape shape = of_kind(Shape::Kind::any);
  shape.described = std::move(described);
  return shape;
}

Shape either_shape(std::vector<Shape> alternatives) {
  Shape shape = of_kind(Shape::Kind::either);
  shape.inner = std::move(alternatives);
  return shape;
}

}  // namespace steelyard
