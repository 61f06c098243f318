#include "gateway/dialect/json_cursor.h"

#include <array>

namespace steelyard::dialect {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The code unit of the four hex digits at p, or -1.
int code_unit(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

// One past the \u escape (or surrogate pair) at p, or nullptr if it is not valid; its code point
// goes to `point`.
const char* take_unicode_escape(const char* p, const char* end, int& point) {
  point = code_unit(p + 2, end);
  if (point < 0 || is_low_surrogate(point)) return nullptr;
  if (!is_high_surrogate(point)) return p + 6;
  if (end - p < 12 || p[6] != '\\' || p[7] != 'u') return nullptr;
  const int low = code_unit(p + 8, end);
  if (!is_low_surrogate(low)) return nullptr;
  point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  return p + 12;
}

// One past the \u escape at p if it is half a surrogate pair, else nullptr.
const char* lone_surrogate_end(const char* p, const char* end) {
  const int unit = end - p >= 6 && p[1] == 'u' ? code_unit(p + 2, end) : -1;
  return is_high_surrogate(unit) || is_low_surrogate(unit) ? p + 6 : nullptr;
}

// What a simple escape stands for, 0 for none.
constexpr std::array<char, 256> simple_escapes() {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}
constexpr auto kSimple = simple_escapes();

std::size_t encode_utf8(int point, char* out) {
  const auto put = [&](std::size_t i, int byte) { out[i] = static_cast<char>(byte); };
  if (point < 0x80) return put(0, point), 1;
  if (point < 0x800) return put(0, 0xC0 | point >> 6), put(1, 0x80 | (point & 63)), 2;
  if (point < 0x10000) {
    put(0, 0xE0 | point >> 12), put(1, 0x80 | (point >> 6 & 63)), put(2, 0x80 | (point & 63));
    return 3;
  }
  put(0, 0xF0 | point >> 18), put(1, 0x80 | (point >> 12 & 63));
  put(2, 0x80 | (point >> 6 & 63)), put(3, 0x80 | (point & 63));
  return 4;
}

// Calls sink(bytes) for each run of the text that `escaped` stands for.
template <class Sink>
void unescape(std::string_view escaped, Sink&& sink) {
  const char* p = escaped.data();
  const char* end = p + escaped.size();
  while (p < end) {
    const auto* slash = static_cast<const char*>(std::memchr(p, '\\', end - p));
    if (slash == nullptr) slash = end;
    if (slash > p) sink(std::string_view(p, slash - p));
    if (end - slash < 2) return;
    char bytes[4] = {kSimple[static_cast<unsigned char>(slash[1])]};
    std::size_t length = 1;
    p = slash + 2;
    if (slash[1] == 'u') {
      int point = 0;
      p = take_unicode_escape(slash, end, point);
      if (p == nullptr) {
        p = lone_surrogate_end(slash, end);
        if (p == nullptr) return;
        sink(std::string_view(slash, p - slash));
        continue;
      }
      length = encode_utf8(point, bytes);
    }
    sink(std::string_view(bytes, length));
  }
}

template <std::size_t N>
const char* word_end(const char* p, const char* end, const char (&word)[N]) {
  if (end - p < static_cast<std::ptrdiff_t>(N - 1)) return nullptr;
  return std::memcmp(p, word, N - 1) == 0 ? p + (N - 1) : nullptr;
}

// Is "12x" or "truex" one bad token, not two?
bool continues_token(char c) {
  return c != ',' && c != '}' && c != ']' && c != ':' && c != '{' && c != '[' && c != '"' &&
         !(c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

}  // namespace

const char* escape_end(const char* p, const char* end) {
  if (end - p < 2) return nullptr;
  int point = 0;
  if (p[1] == 'u') return take_unicode_escape(p, end, point);
  return kSimple[static_cast<unsigned char>(p[1])] != 0 ? p + 2 : nullptr;
}

const char* number_end(const char* p, const char* end) {
  const auto digits = [&] {
    const char* start = p;
    while (p < end && *p >= '0' && *p <= '9') ++p;
    return p > start;
  };
  if (p < end && *p == '-') ++p;
  const char* integer = p;
  if (!digits()) return nullptr;
  if (*integer == '0' && p - integer > 1) return nullptr;
  if (p < end && *p == '.') {
    ++p;
    if (!digits()) return nullptr;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return nullptr;
  }
  return p;
}

void append_unescaped(std::string& out, std::string_view escaped) {
  unescape(escaped, [&out](std::string_view run) { out.append(run); });
}

std::size_t unescape_into(char* out, std::size_t capacity, std::string_view escaped) {
  std::size_t used = 0;
  bool fits = true;
  unescape(escaped, [&](std::string_view run) {
    fits = fits && run.size() <= capacity - used;
    if (!fits) return;
    std::memcpy(out + used, run.data(), run.size());
    used += run.size();
  });
  return fits ? used : static_cast<std::size_t>(-1);
}

bool is_json_number(std::string_view token) {
  const char* end = token.data() + token.size();
  return number_end(token.data(), end) == end;
}

const char* describe(JsonFault fault) {
  switch (fault) {
    case JsonFault::none: return "";
    case JsonFault::empty: return "it is empty";
    case JsonFault::byte_order_mark: return "it begins with a byte order mark";
    case JsonFault::too_large: return "it is too large";
    case JsonFault::bad_utf8: return "it is not UTF-8";
    case JsonFault::control_character: return "a string holds a raw control character";
    case JsonFault::unclosed_string: return "a string is not closed";
    case JsonFault::bad_token: return "a value is malformed";
    case JsonFault::bad_structure: return "the structure is broken";
    case JsonFault::too_deep: return "it is nested too deeply";
  }
  return "";
}

JsonCursor::JsonCursor(std::string_view text, LoneSurrogates lone)
    : begin_(text.data()),
      at_(begin_),
      end_(begin_ + text.size()),
      token_end_(begin_),
      key_end_(begin_),
      lone_(lone) {
  if (text.empty()) fault_ = JsonFault::empty;
  if (text.starts_with("\xEF\xBB\xBF")) fault_ = JsonFault::byte_order_mark;
  if (text.size() >= UINT32_MAX) fault_ = JsonFault::too_large;
  if (fault_ != JsonFault::none) end_ = at_;
  skip_space();
}

bool JsonCursor::any_string_here(std::string_view& inside) {
  const char* const p = at_ + 1;
  const char* s = p;
  bool high = false;
  escaped_ = false;
  for (;;) {
    s = find_special(s, end_, high);
    if (s == end_) return fail(JsonFault::unclosed_string);
    if (*s == '"') break;
    if (*s != '\\') return fail(JsonFault::control_character);
    escaped_ = true;
    do {  // "\n\n" and "\\\"" are common: no search between them
      s = any_escape_end(s);
      if (s == nullptr) return fail(JsonFault::bad_token);
    } while (s < end_ && *s == '\\');
  }
  inside = {p, static_cast<std::size_t>(s - p)};
  if (high && !is_utf8(inside)) return fail(JsonFault::bad_utf8);
  pass(s + 1);
  return true;
}

const char* JsonCursor::any_escape_end(const char* p) const {
  const char* const stop = escape_end(p, end_);
  if (stop != nullptr || lone_ == LoneSurrogates::refused) return stop;
  return lone_surrogate_end(p, end_);
}

bool JsonCursor::take_scalar(std::string_view& token) {
  const char* stop = nullptr;
  switch (peek()) {
    case 't': stop = word_end(at_, end_, "true"); break;
    case 'f': stop = word_end(at_, end_, "false"); break;
    case 'n': stop = word_end(at_, end_, "null"); break;
    case '\0':
      if (at_end()) return fail(JsonFault::bad_structure);
      break;
    default: stop = number_end(at_, end_);
  }
  // What may follow a value is seen by whoever takes it: a comma, a bracket or the end.
  if (stop == nullptr || (stop < end_ && continues_token(*stop))) return fail(JsonFault::bad_token);
  token = {at_, static_cast<std::size_t>(stop - at_)};
  pass(stop);
  return true;
}

bool JsonCursor::skip_value() {
  std::string_view ignored;
  const char c = peek();
  if (c == '"') return string_here(ignored);
  return c == '{' || c == '[' ? skip_container() : take_scalar(ignored);
}

// Without recursion: bit 0 of `objects` says whether the innermost container is an object.
bool JsonCursor::skip_container() {
  std::uint64_t objects = 0;
  const int outside = depth_;
  std::string_view ignored;
  bool first = true;  // of the container just entered
  do {
    const char c = peek();
    const bool object = (objects & 1) != 0;
    if (depth_ > outside && c == (object ? '}' : ']')) {
      close();
      objects >>= 1;
      first = false;
      continue;
    }
    if (depth_ > outside && !first) {
      if (c != ',') return fail(JsonFault::bad_structure);
      separator();
    }
    first = false;
    if (object) {
      if (peek() != '"' || !string_here(ignored) || peek() != ':')
        return fail(JsonFault::bad_structure);
      separator();
    }
    const char value = peek();
    if (value == '{' || value == '[') {
      if (!open(value)) return false;
      objects = objects << 1 | static_cast<std::uint64_t>(value == '{');
      first = true;
    } else if (value == '"' ? !string_here(ignored) : !take_scalar(ignored)) {
      return false;
    }
  } while (depth_ > outside);
  return true;
}

}  // namespace steelyard::dialect
