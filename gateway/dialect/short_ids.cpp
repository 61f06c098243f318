#include "gateway/dialect/short_ids.h"

#include <algorithm>
#include <deque>

#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/json_cuts.h"

namespace steelyard::dialect {
namespace {

constexpr std::size_t kBytes = 9;

class Shortener {
 public:
  explicit Shortener(std::string_view body) : cursor_(body) {}

  bool run() {
    if (!each_member([this](std::string_view name) {
          if (name != "messages" || cursor_.peek() != '[') return cursor_.skip_value();
          return each_element([this] { return message(); });
        }))
      return false;
    return cursor_.at_end() && !cuts_.empty();
  }
  JsonCuts& cuts() { return cuts_; }

 private:
  template <class Take>
  bool each_member(Take take) {
    std::string_view name;
    if (!cursor_.open('{')) return false;
    for (bool first = true; cursor_.next_member(first, name);)
      if (!take(name)) return false;
    return cursor_.fault() == JsonFault::none;
  }

  template <class Take>
  bool each_element(Take take) {
    if (!cursor_.open('[')) return false;
    for (bool first = true; cursor_.next_element(first);)
      if (!take()) return false;
    return cursor_.fault() == JsonFault::none;
  }

  bool message() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return each_member([this](std::string_view name) {
      if (name == "tool_call_id") return id();
      if (name != "tool_calls" || cursor_.peek() != '[') return cursor_.skip_value();
      return each_element([this] { return call(); });
    });
  }

  bool call() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return each_member(
        [this](std::string_view name) { return name == "id" ? id() : cursor_.skip_value(); });
  }

  bool id() {
    std::string_view text;
    const std::size_t begin = cursor_.offset() + 1;
    if (cursor_.peek() != '"') return cursor_.skip_value();
    if (!cursor_.take_string(text)) return false;
    if (text.empty() || is_short_id(text)) return true;
    std::string plain;
    append_unescaped(plain, text);
    shorten_id(plain, ids_.emplace_back());
    cuts_.replace(begin, begin + text.size(), ids_.back());
    return true;
  }

  JsonCursor cursor_;
  JsonCuts cuts_;
  std::deque<std::string> ids_;  // that cuts_ looks into
};

}  // namespace

bool is_short_id(std::string_view id) {
  return id.size() == kBytes && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

void shorten_id(std::string_view id, std::string& out) {
  out.clear();
  hub::append_digest(out, {id});
  out.resize(kBytes);
}

bool shorten_tool_ids(std::string_view body, std::string& out) {
  Shortener shortener(body);
  if (!shortener.run()) return false;
  shortener.cuts().write(body, out);
  return true;
}

}  // namespace steelyard::dialect
