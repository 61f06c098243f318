#include "gateway/dialect/missing_thoughts.h"

#include <vector>

#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {
namespace {

constexpr std::string_view added = "\"reasoning_content\":\"\",";

// Is the message that begins here one with calls and without thoughts?
bool take_message(JsonCursor& cursor, bool& lacks) {
  if (cursor.peek() != '{') return cursor.skip_value();
  bool calls = false, thoughts = false;
  std::string_view name;
  (void)cursor.open('{');
  for (bool first = true; cursor.next_member(first, name);) {
    if (name == "tool_calls") calls = cursor.peek() == '[';
    if (name == "reasoning_content") thoughts = true;
    if (!cursor.skip_value()) return false;
  }
  lacks = calls && !thoughts;
  return cursor.fault() == JsonFault::none;
}

// Where the texts go: one past the brace of each such message.
std::vector<std::size_t> places_in(std::string_view body) {
  std::vector<std::size_t> places;
  JsonCursor cursor(body);
  std::string_view name;
  if (!cursor.open('{')) return {};
  for (bool first = true; cursor.next_member(first, name);) {
    if (name != "messages" || cursor.peek() != '[') {
      if (!cursor.skip_value()) return {};
      continue;
    }
    (void)cursor.open('[');
    for (bool first_message = true; cursor.next_element(first_message);) {
      const std::size_t begin = cursor.offset();
      bool lacks = false;
      if (!take_message(cursor, lacks)) return {};
      if (lacks) places.push_back(begin + 1);
    }
  }
  if (cursor.fault() != JsonFault::none) places.clear();
  return places;
}

}  // namespace

bool add_missing_thoughts(std::string_view body, std::string& out) {
  const std::vector<std::size_t> places = places_in(body);
  if (places.empty()) return false;
  std::string whole;
  whole.reserve(body.size() + places.size() * added.size());
  std::size_t done = 0;
  for (const std::size_t at : places) {
    whole.append(body.substr(done, at - done)).append(added);
    done = at;
  }
  whole += body.substr(done);
  out = std::move(whole);
  return true;
}

}  // namespace steelyard::dialect
