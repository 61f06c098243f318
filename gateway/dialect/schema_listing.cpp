#include "gateway/dialect/schema_listing.h"

#include <algorithm>
#include <array>

#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {

// Only ASCII is shown: the rest as \uXXXX.
void append_ascii(std::string& out, std::string_view raw) {
  static constexpr std::string_view digits = "0123456789abcdef";
  const auto unit = [&out](std::uint32_t code) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[code >> shift & 15];
  };
  for (std::size_t at = 0; at < raw.size();) {
    const auto lead = static_cast<unsigned char>(raw[at]);
    const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size == 1 || at + size > raw.size()) {
      out += raw[at++];
      continue;
    }
    std::uint32_t code = lead & (0xFFu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i)
      code = code << 6 | (static_cast<unsigned char>(raw[at + i]) & 0x3Fu);
    at += size;
    if (code < 0x10000) {
      unit(code);
    } else {
      unit(0xD800 + ((code - 0x10000) >> 10));
      unit(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
}

namespace {

constexpr std::size_t listing_bytes_max = std::size_t{1} << 20;
constexpr int depth_max = 32;

// Of a schema: what is not shown. Bounds on numbers and sizes were seen to be left out (maximum,
// minimum, maxItems); their like are taken for the same.
constexpr std::array left_out{
    std::string_view("additionalProperties"),
    std::string_view("required"),
    std::string_view("default"),
    std::string_view("$schema"),
    std::string_view("maximum"),
    std::string_view("minimum"),
    std::string_view("exclusiveMaximum"),
    std::string_view("exclusiveMinimum"),
    std::string_view("multipleOf"),
    std::string_view("maxItems"),
    std::string_view("minItems"),
    std::string_view("uniqueItems"),
    std::string_view("maxLength"),
    std::string_view("minLength"),
};

// Members of these are names of properties and definitions, not keywords.
bool names_things(std::string_view key) {
  return key == "properties" || key == "$defs" || key == "definitions";
}

class SchemaListing {
 public:
  explicit SchemaListing(std::string& out) : out_(out) {}

  // The value at the cursor without blanks and what is left out. False: it is not JSON, or too
  // much.
  bool value(std::string_view raw, bool names, int depth) {
    if (raw.empty() || depth > depth_max || out_.size() > listing_bytes_max) return false;
    if (raw.front() == '{') return object(raw, names, depth);
    if (raw.front() == '[') return array(raw, depth);
    scalar(raw);
    return true;
  }

 private:
  bool object(std::string_view raw, bool names, int depth) {
    JsonCursor at(raw);
    if (!at.open('{')) return false;
    bool first = true, written = false;
    std::string_view key;
    out_ += '{';
    while (at.next_member(first, key)) {
      const std::size_t begin = at.offset();
      if (!at.skip_value()) return false;
      if (!names && std::find(left_out.begin(), left_out.end(), key) != left_out.end()) continue;
      if (written) out_ += ',';
      written = true;
      out_ += '"';
      out_ += key;
      out_ += "\":";
      const std::string_view inner = raw.substr(begin, at.end_of_previous() - begin);
      if (!value(inner, !names && names_things(key), depth + 1)) return false;
    }
    out_ += '}';
    return at.fault() == JsonFault::none;
  }

  bool array(std::string_view raw, int depth) {
    JsonCursor at(raw);
    if (!at.open('[')) return false;
    bool first = true, written = false;
    out_ += '[';
    while (at.next_element(first)) {
      const std::size_t begin = at.offset();
      if (!at.skip_value()) return false;
      if (written) out_ += ',';
      written = true;
      const std::string_view inner = raw.substr(begin, at.end_of_previous() - begin);
      if (!value(inner, false, depth + 1)) return false;
    }
    out_ += ']';
    return at.fault() == JsonFault::none;
  }

  void scalar(std::string_view raw) { append_ascii(out_, raw); }

  std::string& out_;
};

// The value of a member of an object; empty: not there.
std::string_view member(std::string_view object, std::string_view wanted) {
  JsonCursor at(object);
  std::string_view key, found;
  bool first = true;
  if (!at.open('{')) return {};
  while (at.next_member(first, key)) {
    const std::size_t begin = at.offset();
    if (!at.skip_value()) return {};
    if (key == wanted) found = object.substr(begin, at.end_of_previous() - begin);
  }
  return at.fault() == JsonFault::none ? found : std::string_view();
}

std::string_view inside(std::string_view raw) {
  return raw.size() >= 2 && raw.front() == '"' ? raw.substr(1, raw.size() - 2) : std::string_view();
}

}  // namespace

bool write_schema_listing(std::string& out, std::string_view response_format) {
  std::string_view about = member(response_format, "json_schema");
  if (about.empty()) about = response_format;  // OpenAI Responses has it in one object
  const std::string_view schema = member(about, "schema");
  if (schema.empty()) return false;
  out += "# Response Formats\n\n## ";
  append_unescaped(out, inside(member(about, "name")));
  out += "\n\n";
  if (const std::string_view text = inside(member(about, "description")); !text.empty()) {
    out += "// ";
    append_unescaped(out, text);
    out += '\n';
  }
  return SchemaListing(out).value(schema, false, 0);
}

}  // namespace steelyard::dialect
