#pragma once
// Walks a JSON text from its first byte to its last, strictly: every byte is looked at once and
// must fit the grammar of RFC 8259, strings must be UTF-8. No tree, no list of tokens, no copy; the
// text needs no padding. After any function returned false, fault() says why and the cursor stays
// where it failed.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "config/types/limits.h"
#include "gateway/dialect/json_fault.h"
#include "gateway/dialect/text_scan.h"

namespace steelyard::dialect {

// The bytes `escaped` stands for, appended. Its escapes must be valid; half a surrogate pair, which
// is no character, stays the escape it is.
void append_unescaped(std::string& out, std::string_view escaped);
// The same into a fixed buffer: number of bytes, or size_t(-1) if they do not fit.
std::size_t unescape_into(char* out, std::size_t capacity, std::string_view escaped);
// One past the escape whose backslash is at p, or nullptr if it is not valid. \uD800 alone is
// refused, as simdjson and most providers do.
const char* escape_end(const char* p, const char* end);
// One past the longest number at p, or nullptr if none of the grammar is there.
const char* number_end(const char* p, const char* end);
// A number as RFC 8259 spells it.
bool is_json_number(std::string_view token);

// Half a surrogate pair, as an escape: refused in what goes to providers, who refuse it, too; taken
// in what models said, as clients do (ECMAScript's JSON.parse, Python's json).
enum class LoneSurrogates : bool { refused, taken };

class JsonCursor {
 public:
  // `text` must stay where it is. An empty one, one that begins with a byte order mark and one of
  // 4 GiB or more are refused here: fault() says so at once.
  explicit JsonCursor(std::string_view text, LoneSurrogates lone = LoneSurrogates::refused);

  // First byte of the current token; NUL at the end.
  char peek() const { return at_ < end_ ? *at_ : '\0'; }
  bool at_end() const { return at_ == end_; }
  // Of the current token; the length of the text at the end.
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  // One past the last byte of the token before: the end of a value just taken.
  std::size_t end_of_previous() const { return static_cast<std::size_t>(token_end_ - begin_); }
  // Right after next_member(): one past the closing quote of the key.
  std::size_t end_of_previous_key() const { return static_cast<std::size_t>(key_end_ - begin_); }
  JsonFault fault() const { return fault_; }

  // Enters an object or array; false if the current token is not its bracket, or too deep.
  bool open(char bracket) {
    if (peek() != bracket) return fail(JsonFault::bad_structure);
    if (++depth_ > limits::json_depth_max) return fail(JsonFault::too_deep);
    pass(at_ + 1);
    return true;
  }
  // The next key of the object entered, raw; its value is then current. False at the end or on a
  // fault. `first` starts as true for each object.
  bool next_member(bool& first, std::string_view& key) {
    char c = peek();
    if (c == '}') return close();
    if (!first) {
      if (c != ',') return fail(JsonFault::bad_structure);
      c = separator();
    }
    first = false;
    if (c != '"' || !string_here(key)) return fail(JsonFault::bad_structure);
    key_end_ = token_end_;
    if (peek() != ':') return fail(JsonFault::bad_structure);
    separator();
    return true;
  }
  // True if another element of the array entered is now current.
  bool next_element(bool& first) {
    const char c = peek();
    if (c == ']') return close();
    if (first) {
      first = false;
      return c != '\0' || fail(JsonFault::bad_structure);
    }
    if (c != ',') return fail(JsonFault::bad_structure);
    separator();
    return true;
  }

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
    const char* const start = at_;
    if (peek() != '{' || depth_ >= limits::json_depth_max) return false;
    separator();
    const bool taken = take_named(a_key, a) && peek() == ',' && separator() != '\0' &&
                       take_named(b_key, b) && peek() == '}';
    if (taken) {
      pass(at_ + 1);
    } else if (fault_ == JsonFault::none) {
      at_ = start;
    }
    return taken;
  }
  // A number, true, false or null, as text.
  bool take_scalar(std::string_view& token);
  // Takes the current token if it is null. False without a fault if it is something else.
  bool take_null() {
    std::string_view token;
    return peek() == 'n' && take_scalar(token);
  }
  // Passes over any value, checking all of it.
  bool skip_value();
  // The same, and the value as it stands.
  bool take_raw(std::string_view& raw) {
    const char* const begin = at_;
    if (!skip_value()) return false;
    raw = {begin, static_cast<std::size_t>(token_end_ - begin)};
    return true;
  }

 private:
  static bool is_space(char c) {
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
  }
  bool fail(JsonFault fault) {
    if (fault_ == JsonFault::none) fault_ = fault;
    return false;
  }
  // The current token ends before `end`: on to the next.
  void pass(const char* end) {
    token_end_ = end;
    at_ = end;
    if (at_<end_&& * at_> ' ') return;
    skip_space();
  }
  void skip_space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }
  // Over a comma, a colon, a brace; the first byte of what follows.
  char separator() {
    ++at_;
    if (end_ - at_ >= 2) {  // most writers put one space there, or none
      at_ += *at_ == ' ' ? 1 : 0;
      if (*at_ > ' ') return *at_;
    }
    skip_space();
    return peek();
  }
  bool close() {
    --depth_;
    pass(at_ + 1);
    return false;
  }
  // The current token begins with a quote. Most strings are short and plain.
  bool string_here(std::string_view& inside) {
#if defined(__SSE2__)
    const char* const p = at_ + 1;
    if (end_ - p > 16) {
      const StringBlock block = string_block(p);
      const int size = std::countr_zero(block.special | 0x1'0000u);
      if (p[size] == '"' && size < 16 && (block.high & ((1u << size) - 1)) == 0) {
        escaped_ = false;
        inside = {p, static_cast<std::size_t>(size)};
        pass(p + size + 1);
        return true;
      }
    }
#endif
    return any_string_here(inside);
  }
  bool any_string_here(std::string_view& inside);
  const char* any_escape_end(const char* p) const;
  bool skip_container();
  template <std::size_t N>
  bool take_named(const char (&key)[N], std::string_view& value) {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(N) || std::memcmp(at_, key, N - 1) != 0)
      return false;
    at_ += N - 1;
    skip_space();
    return peek() == ':' && separator() == '"' && string_here(value);
  }

  const char* begin_;
  const char* at_;         // the current token
  const char* end_;        // of the text
  const char* token_end_;  // of the token before
  const char* key_end_;    // of the last key
  int depth_ = 0;
  JsonFault fault_ = JsonFault::none;
  bool escaped_ = false;
  LoneSurrogates lone_;
};

}  // namespace steelyard::dialect
