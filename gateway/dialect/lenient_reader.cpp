#include "gateway/dialect/lenient_reader.h"

#include <charconv>

namespace steelyard::dialect {

bool LenientReader::text_or_number(std::string& out) {
  std::string_view raw;
  const char c = cursor.peek();
  if (c == '"') {
    if (!cursor.take_string(raw)) return false;
    out.clear();
    append_unescaped(out, raw);
    return true;
  }
  if (c != '-' && (c < '0' || c > '9')) return cursor.skip_value();
  if (!cursor.take_scalar(raw)) return false;
  out = raw;
  return true;
}

bool LenientReader::integer(std::int64_t& out, bool& present) {
  const char c = cursor.peek();
  if (c != '-' && (c < '0' || c > '9')) return cursor.skip_value();
  std::string_view token;
  if (!cursor.take_scalar(token)) return false;
  present = true;
  const char* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, out);
  if (stop == end) {
    if (error != std::errc{}) out = c == '-' ? INT64_MIN : INT64_MAX;
    return true;
  }
  double value = 0;
  std::from_chars(token.data(), end, value);
  constexpr double bound = 9e18;
  out = value >= bound ? INT64_MAX : value <= -bound ? INT64_MIN : static_cast<std::int64_t>(value);
  return true;
}

bool LenientReader::pass(bool& said) {
  std::string_view raw;
  if (!cursor.take_raw(raw)) return false;
  said = said || !(raw == "null" || raw == "false" || raw == "0" || raw == "\"\"" || raw == "[]" ||
                   raw == "{}");
  return true;
}

}  // namespace steelyard::dialect
