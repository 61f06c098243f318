#include "gateway/dialect/fields.h"

#include "gateway/dialect/fields_table.h"

namespace steelyard::dialect {

std::string_view name_of(Field field) {
  return kFields.name(static_cast<std::size_t>(field));
}

std::optional<Field> field_named(std::string_view name) {
  const int found = kFields.find(name);
  if (found < 0) return std::nullopt;
  return static_cast<Field>(found);
}

}  // namespace steelyard::dialect
