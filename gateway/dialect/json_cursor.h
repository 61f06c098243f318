#pragma once
// Walks the tokens of a JsonIndex in order, strictly: every token is looked at once and must fit
// the grammar of RFC 8259. After any function returned false, fault() says why and the cursor stays
// where it failed.
#include <cstdint>
#include <cstring>
#include <string_view>

#include "config/types/limits.h"
#include "gateway/dialect/json_index.h"

namespace steelyard::dialect {

// Escapes of [begin, end), the inside of a string; begin points at a backslash. \uD800 alone is
// refused, as simdjson and most providers do.
bool escapes_are_valid(const char* begin, const char* end);
// The bytes `escaped` stands for, appended. Its escapes must be valid.
void append_unescaped(std::string& out, std::string_view escaped);
// The same into a fixed buffer: number of bytes, or size_t(-1) if they do not fit.
std::size_t unescape_into(char* out, std::size_t capacity, std::string_view escaped);
// A number as RFC 8259 spells it.
bool is_json_number(std::string_view token);

class JsonCursor {
 public:
  explicit JsonCursor(const JsonIndex& index)
      : text_(index.text_),
        at_(index.tokens_),
        last_(index.tokens_ + index.count_),
        text_end_(index.text_ + index.size_),
        backslash_(next_backslash(index.text_)) {}

  // First byte of the current token; NUL at the end.
  char peek() const { return at_ < last_ ? text_[*at_] : '\0'; }
  bool at_end() const { return at_ == last_; }
  std::size_t offset() const {
    return *at_;
  }  // of the current token; the length of the text at the end
  // One past the last byte of the token before: the end of a value just taken.
  std::size_t end_of_previous() const { return trimmed_end(at_ - 1) - text_; }
  // Right after next_member(): one past the closing quote of the key.
  std::size_t end_of_previous_key() const { return trimmed_end(at_ - 2) - text_; }
  JsonFault fault() const { return fault_; }

  // Enters an object or array; false if the current token is not its bracket, or too deep.
  bool open(char bracket) {
    if (peek() != bracket) return fail(JsonFault::bad_structure);
    if (++depth_ > limits::json_depth_max) return fail(JsonFault::too_deep);
    ++at_;
    return true;
  }
  // The next key of the object entered, raw; its value is then current. False at the end or on a
  // fault. `first` starts as true for each object.
  bool next_member(bool& first, std::string_view& key) {
    // A separator, a key, a colon and a value at least: no need to look for the end at each of
    // them.
    if (last_ - at_ < 4) [[unlikely]]
      return next_member_at_end(first, key);
    char c = text_[*at_];
    if (c == '}') return close();
    if (!first) {
      if (c != ',') return fail(JsonFault::bad_structure);
      c = text_[*++at_];
    }
    first = false;
    if (c != '"' || !string_here(key)) return fail(JsonFault::bad_structure);
    if (text_[*at_] != ':') return fail(JsonFault::bad_structure);
    ++at_;
    return true;
  }
  // True if another element of the array entered is now current.
  bool next_element(bool& first) { return next_item(first, ']'); }

  // The inside of the string that is the current token, escapes checked but not resolved.
  bool take_string(std::string_view& inside) {
    return peek() == '"' ? string_here(inside) : fail(JsonFault::bad_structure);
  }
  bool last_string_had_escapes() const { return escaped_; }

  // If the current value is {"a":"...","b":"..."}, exactly these two keys in this order, takes it
  // whole. False and nothing taken otherwise; also false on a fault inside the strings. `a_key` and
  // `b_key` come with quotes.
  template <std::size_t A, std::size_t B>
  bool take_two_strings(const char (&a_key)[A], std::string_view& a, const char (&b_key)[B],
                        std::string_view& b) {
    constexpr char shape[] = {'{', '"', ':', '"', ',', '"', ':', '"', '}'};
    if (last_ - at_ < 9 || depth_ >= limits::json_depth_max) return false;
    for (int i = 0; i < 9; ++i) {
      if (text_[at_[i]] != shape[i]) return false;
    }
    if (at_[2] - at_[1] < A - 1 || std::memcmp(text_ + at_[1], a_key, A - 1) != 0) return false;
    if (at_[6] - at_[5] < B - 1 || std::memcmp(text_ + at_[5], b_key, B - 1) != 0) return false;
    at_ += 3;
    if (!string_here(a)) return false;
    at_ += 3;
    if (!string_here(b)) return false;
    ++at_;
    return true;
  }
  // A number, true, false or null, as text.
  bool take_scalar(std::string_view& token) {
    if (at_end()) return fail(JsonFault::bad_structure);
    const char* begin = text_ + *at_;
    token = {begin, static_cast<std::size_t>(trimmed_end(at_) - begin)};
    if (!scalar_is_valid(token)) return fail(JsonFault::bad_token);
    ++at_;
    return true;
  }
  // Takes the current token if it is null. False without a fault if it is something else.
  bool take_null() {
    std::string_view token;
    return peek() == 'n' && take_scalar(token);
  }
  // Passes over any value, checking all of it.
  bool skip_value();

 private:
  static bool scalar_is_valid(std::string_view token) {
    switch (token[0]) {
      case 't': return token == "true";
      case 'f': return token == "false";
      case 'n': return token == "null";
      default: return is_json_number(token);
    }
  }
  bool fail(JsonFault fault) {
    if (fault_ == JsonFault::none) fault_ = fault;
    return false;
  }
  // The current token begins with a quote.
  bool string_here(std::string_view& inside) {
    const char* begin = text_ + *at_ + 1;
    const char* end = trimmed_end(at_) - 1;
    if (end < begin || *end != '"') return fail(JsonFault::bad_token);
    if (backslash_ < begin) backslash_ = next_backslash(begin);
    escaped_ = backslash_ < end;
    if (escaped_ && !escapes_are_valid(backslash_, end)) return fail(JsonFault::bad_token);
    inside = {begin, static_cast<std::size_t>(end - begin)};
    ++at_;
    return true;
  }
  bool close() {
    --depth_;
    ++at_;
    return false;
  }
  bool next_member_at_end(bool& first, std::string_view& key);
  bool next_item(bool& first, char bracket) {
    const char c = peek();
    if (c == bracket) return close();
    if (first) {
      first = false;
      return c != '\0' || fail(JsonFault::bad_structure);
    }
    if (c != ',') return fail(JsonFault::bad_structure);
    ++at_;
    return true;
  }
  const char* trimmed_end(const std::uint32_t* token) const {
    const char* end = text_ + token[1];
    while (is_space(end[-1])) --end;
    return end;
  }
  static bool is_space(char c) {
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
  }
  const char* next_backslash(const char* from) const {
    const void* found = from < text_end_ ? std::memchr(from, '\\', text_end_ - from) : nullptr;
    return found != nullptr ? static_cast<const char*>(found) : text_end_;
  }

  const char* text_;
  const std::uint32_t* at_;
  const std::uint32_t* last_;  // the sentinel
  const char* text_end_;
  const char* backslash_;  // first backslash at or after the last string looked at
  int depth_ = 0;
  JsonFault fault_ = JsonFault::none;
  bool escaped_ = false;
};

}  // namespace steelyard::dialect
