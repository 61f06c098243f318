#include "gateway/dialect/strict_reader.h"

#include <charconv>

namespace steelyard::dialect {

// Keys here are our own names: no ~ or / to escape.
void append_pointer(std::string& out, const Where& where) {
  if (where.parent != nullptr) append_pointer(out, *where.parent);
  if (where.parent == nullptr) return;  // the root is ""
  out += '/';
  if (where.name.empty())
    out += std::to_string(where.index);
  else
    out += where.name;
}

bool StrictReader::refuse(const Where& where, std::string_view problem) {
  if (failed()) return false;
  std::string pointer;
  append_pointer(pointer, where);
  std::string& text = *refusal_;
  text.clear();
  if (pointer.empty())
    text.append("the request body");
  else
    text.append(1, '`').append(pointer).append(1, '`');
  text.append(1, ' ').append(problem);
  return false;
}

bool StrictReader::read_bool(const Where& where, bool& out) {
  const char c = cursor.peek();
  if (c != 't' && c != 'f' && c != 'n') return refuse(where, "must be true, false or null");
  std::string_view token;
  if (!cursor.take_scalar(token)) return false;
  if (c != 'n') out = c == 't';
  return true;
}

bool StrictReader::read_integer(const Where& where, std::int64_t low, std::int64_t high,
                                std::int64_t& out) {
  if (cursor.take_null()) return true;
  const char c = cursor.peek();
  if (c != '-' && (c < '0' || c > '9')) return refuse(where, "must be an integer");
  std::string_view token;
  if (!cursor.take_scalar(token)) return false;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (end != token.data() + token.size()) return refuse(where, "must be an integer");
  if (error != std::errc{} || value < low || value > high) {
    std::string problem("must be from ");
    problem.append(std::to_string(low)).append(" to ").append(std::to_string(high));
    return refuse(where, problem);
  }
  out = value;
  return true;
}

bool StrictReader::read_raw(const Where& where, char bracket, ByteRange& out) {
  if (cursor.take_null()) return true;
  if (cursor.peek() != bracket) {
    return refuse(where, bracket == '{' ? "must be an object or null" : "must be an array or null");
  }
  const std::size_t begin = cursor.offset();
  if (!cursor.skip_value()) return false;
  out = range_from(begin);
  return true;
}

}  // namespace steelyard::dialect
