#pragma once
// Writing JSON from pieces of JSON: escaped insides of strings and raw values are copied as they
// are. Commas are placed by looking at what stands before: no value ends with {, [ or a colon.
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/json_writer.h"

namespace steelyard::dialect::hub {

// "[1,2]": "1,2".
constexpr std::string_view inside_of(std::string_view array) {
  return array.size() < 2 ? std::string_view() : array.substr(1, array.size() - 2);
}

class PieceWriter {
 public:
  // Appends to `out`, which may hold other text already. `inside`: what stands there is the
  // beginning of the same object or array.
  explicit PieceWriter(std::string& out, bool inside = false)
      : out_(&out), begin_(inside ? 0 : out.size()) {}

  PieceWriter& open(char bracket) {
    separate();
    *out_ += bracket;
    return *this;
  }
  PieceWriter& close(char bracket) {
    *out_ += bracket;
    return *this;
  }
  PieceWriter& key(std::string_view name) {
    separate();
    *out_ += '"';
    out_->append(name).append("\":", 2);
    return *this;
  }
  PieceWriter& escaped(std::string_view inside) {
    separate();
    *out_ += '"';
    out_->append(inside);
    *out_ += '"';
    return *this;
  }
  // Several pieces of one string.
  PieceWriter& escaped(std::string_view a, std::string_view b, std::string_view c = {},
                       std::string_view d = {}) {
    separate();
    *out_ += '"';
    out_->append(a).append(b).append(c).append(d);
    *out_ += '"';
    return *this;
  }
  PieceWriter& text(std::string_view plain) {
    separate();
    *out_ += '"';
    append_json_escaped(*out_, plain);
    *out_ += '"';
    return *this;
  }
  PieceWriter& raw(std::string_view json) {
    separate();
    out_->append(json);
    return *this;
  }
  PieceWriter& number(std::int64_t value) {
    char digits[24];
    const auto done = std::to_chars(digits, digits + sizeof digits, value);
    return raw({digits, static_cast<std::size_t>(done.ptr - digits)});
  }
  PieceWriter& field(std::string_view name, std::string_view inside) {
    return key(name).escaped(inside);
  }
  PieceWriter& field_raw(std::string_view name, std::string_view json) {
    return key(name).raw(json);
  }
  PieceWriter& field_number(std::string_view name, std::int64_t value) {
    return key(name).number(value);
  }
  PieceWriter& field_bool(std::string_view name, bool value) {
    return key(name).raw(value ? "true" : "false");
  }
  // The same, left out when there is nothing to say.
  PieceWriter& given(std::string_view name, std::string_view inside) {
    return inside.empty() ? *this : field(name, inside);
  }
  PieceWriter& given_raw(std::string_view name, std::string_view json) {
    return json.empty() ? *this : field_raw(name, json);
  }
  std::string& out() { return *out_; }

 private:
  void separate() {
    if (out_->size() == begin_) return;
    const char last = out_->back();
    if (last != '{' && last != '[' && last != ':') *out_ += ',';
  }
  std::string* out_;
  std::size_t begin_;
};

}  // namespace steelyard::dialect::hub
