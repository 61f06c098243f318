#pragma once
// Members of objects in Gemini's dialect: protobuf's JSON takes every name in camel case and with
// underscores, so `inlineData` and `inline_data` are one key. Tables hold the camel case.
#include <string_view>

#include "gateway/dialect/hub_read.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::gemini {

// `key` with its underscores taken out, in `room`; "" if it does not fit.
std::string_view camel_of(std::string_view key, char (&room)[64]);

// As StrictReader::next(). `name` gets the key as it was spelled.
template <std::size_t N>
int next_key(StrictReader& reader, StrictReader::Members& members, const KeyTable<N>& table,
             const Where& where, std::string_view& name) {
  if (!reader.cursor.next_member(members.first, name)) return StrictReader::kEnd;
  char plain[64], room[64];
  std::string_view key = name;
  const bool disguised = reader.cursor.last_string_had_escapes();
  if (disguised) {
    const std::size_t size = unescape_into(plain, sizeof plain, name);
    key = size <= sizeof plain ? std::string_view(plain, size) : std::string_view();
  }
  if (key.find('_') != std::string_view::npos) key = camel_of(key, room);
  const int found = table.find(key);
  if (found < 0) return StrictReader::kUnknown;
  const std::uint64_t bit = std::uint64_t{1} << found;
  const Where at{&where, table.name(static_cast<std::size_t>(found))};
  if (disguised) reader.refuse(at, "must be spelled without escapes");
  if ((members.seen & bit) != 0) reader.refuse(at, "is given twice");
  members.seen |= bit;
  return reader.failed() ? StrictReader::kEnd : found;
}

// Walks an object; null is passed over. member(key index, where) takes each known value, also null;
// unknown(key) those that are not.
template <std::size_t N, class Member, class Unknown>
bool object(hub::Document& document, const Where& where, const KeyTable<N>& table, Member&& member,
            Unknown&& unknown) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  if (!reader.enter(where, '{', "must be an object")) return false;
  StrictReader::Members members;
  std::string_view name;
  for (int key; (key = next_key(reader, members, table, where, name)) != StrictReader::kEnd;) {
    const bool ok = key == StrictReader::kUnknown
                        ? unknown(name)
                        : member(key, Where{&where, table.name(static_cast<std::size_t>(key))});
    if (!ok) return false;
  }
  return !reader.failed();
}
template <std::size_t N, class Member>
bool object(hub::Document& document, const Where& where, const KeyTable<N>& table,
            Member&& member) {
  return object(document, where, table, member,
                [&](std::string_view) { return document.skip_unknown(); });
}

// Repeated fields: an array, or one value without its brackets, as Google takes them. null is none.
template <class Element>
bool each(hub::Document& document, const Where& where, std::size_t most, Element&& element) {
  StrictReader& reader = document.reader;
  if (reader.cursor.take_null()) return true;
  if (reader.cursor.peek() != '[') return element(where);
  if (!reader.cursor.open('[')) return false;
  std::size_t index = 0;
  for (bool first = true; reader.cursor.next_element(first); ++index) {
    const Where at{&where, {}, index};
    if (index == most) return reader.refuse(at, "is one too many");
    if (!element(at)) return false;
  }
  return !reader.failed();
}

}  // namespace steelyard::dialect::gemini
