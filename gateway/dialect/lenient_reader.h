#pragma once
// Reading a provider's document: what has an unexpected type is passed over, not refused. Every
// function takes one value and is false only when the JSON itself is broken.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect {

class LenientReader {
 public:
  explicit LenientReader(std::string_view json) : cursor(json, LoneSurrogates::taken) {}
  JsonCursor cursor;

  // The inside of a string, escaped; unchanged for any other type.
  bool text(std::string_view& out) {
    return cursor.peek() == '"' ? cursor.take_string(out) : cursor.skip_value();
  }
  // A string or a number as text, unescaped into `out`; unchanged for any other type.
  bool text_or_number(std::string& out);
  // A number, also written as 12.0 or 1.2e1; out of range ends at the range's end. Sets `present`.
  bool integer(std::int64_t& out, bool& present);

  // Passes over a value; sets `said` unless it is null, false, 0 or empty: it said nothing.
  bool pass(bool& said);

  // Calls member(index of the key in `table` or -1) for each member of an object; `member` takes
  // the value. Any other type is passed over.
  template <std::size_t N, class Member>
  bool object(const KeyTable<N>& table, Member&& member) {
    if (cursor.peek() != '{') return cursor.skip_value();
    if (!cursor.open('{')) return false;
    std::string_view key;
    for (bool first = true; cursor.next_member(first, key);) {
      if (!member(table.find(key))) return false;
    }
    return cursor.fault() == JsonFault::none;
  }
  // Calls element() for each element of an array. Any other type is passed over.
  template <class Element>
  bool array(Element&& element) {
    if (cursor.peek() != '[') return cursor.skip_value();
    if (!cursor.open('[')) return false;
    for (bool first = true; cursor.next_element(first);) {
      if (!element()) return false;
    }
    return cursor.fault() == JsonFault::none;
  }
};

}  // namespace steelyard::dialect
