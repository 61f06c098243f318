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
      if (p == nullptr) return;
      length = encode_utf8(point, bytes);
    }
    sink(std::string_view(bytes, length));
  }
}

}  // namespace

bool escapes_are_valid(const char* p, const char* end) {
  while (p != nullptr) {
    if (end - p < 2) return false;
    if (p[1] == 'u') {
      int point = 0;
      p = take_unicode_escape(p, end, point);
      if (p == nullptr) return false;
    } else if (kSimple[static_cast<unsigned char>(p[1])] != 0) {
      p += 2;
    } else {
      return false;
    }
    if (p < end && *p == '\\') continue;  // "\n\n" and "\\\"" are common: no call for them
    p = p < end ? static_cast<const char*>(std::memchr(p, '\\', end - p)) : nullptr;
  }
  return true;
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
  const char* p = token.data();
  const char* end = p + token.size();
  const auto digits = [&] {
    const char* start = p;
    while (p < end && *p >= '0' && *p <= '9') ++p;
    return p > start;
  };
  if (p < end && *p == '-') ++p;
  const char* integer = p;
  if (!digits()) return false;
  if (*integer == '0' && p - integer > 1) return false;
  if (p < end && *p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  return p == end;
}

bool JsonCursor::next_member_at_end(bool& first, std::string_view& key) {
  if (!next_item(first, '}') || !take_string(key)) return false;
  if (peek() != ':') return fail(JsonFault::bad_structure);
  ++at_;
  return true;
}

bool JsonCursor::skip_value() {
  enum class Want { value, key, separator };
  std::uint64_t objects = 0;  // bit 0: the innermost open container is an object
  const int outside = depth_;
  Want want = Want::value;
  std::string_view ignored;
  for (;;) {
    const char c = peek();
    if (want == Want::value) {
      want = Want::separator;
      if (c == '"') {
        if (!take_string(ignored)) return false;
      } else if (c == '{' || c == '[') {
        if (!open(c)) return false;
        objects = objects << 1 | (c == '{');
        if (peek() != c + 2) want = c == '{' ? Want::key : Want::value;  // ']' is '[' + 2, '}' too
      } else if (!take_scalar(ignored)) {
        return false;
      }
    } else if (want == Want::key) {
      if (!take_string(ignored)) return false;
      if (peek() != ':') return fail(JsonFault::bad_structure);
      ++at_;
      want = Want::value;
    } else if (c == ',') {
      ++at_;
      want = (objects & 1) != 0 ? Want::key : Want::value;
    } else if (c == ((objects & 1) != 0 ? '}' : ']')) {
      ++at_;
      --depth_;
      objects >>= 1;
    } else {
      return fail(JsonFault::bad_structure);
    }
    if (want == Want::separator && depth_ == outside) return true;
  }
}

}  // namespace steelyard::dialect
