#pragma once
// What can be wrong with a JSON text.
#include <cstdint>

namespace steelyard::dialect {

enum class JsonFault : std::uint8_t {
  none,
  empty,
  byte_order_mark,
  too_large,  // 4 GiB or more
  bad_utf8,
  control_character,  // raw, inside a string
  unclosed_string,
  bad_token,      // not a string, number, true, false or null; bad escape
  bad_structure,  // misplaced comma, colon or bracket; trailing content; cut off
  too_deep,
};
const char* describe(JsonFault fault);  // a clause for a human

}  // namespace steelyard::dialect
