#pragma once
// Append-only JSON into a caller's string: no tree, no allocation once the string has grown. Commas
// are placed by the writer; the caller keeps begin/end balanced. Output is always valid UTF-8 (bad
// bytes become U+FFFD).
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(&out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);  // inside an object, before its value

  JsonWriter& string(std::string_view text);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number_unsigned(std::uint64_t value);
  JsonWriter& number_double(double value, int decimals);  // fixed notation; not finite becomes null
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // already valid JSON

  // key and value in one call: the usual case.
  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, const char* text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, std::int64_t value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, int value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }

 private:
  void separate();
  std::string* out_;
  bool need_comma_ = false;
};

// Appends `text` as the inside of a JSON string, without the quotes.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace steelyard
