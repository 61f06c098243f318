#pragma once
// Reads the inside of a JSON string (RFC 8259, section 7) piecewise as the text it stands for.
#include <cstddef>
#include <string_view>

namespace steelyard::router {

class JsonText {
 public:
  // `escaped` without its quotes.
  explicit JsonText(std::string_view escaped) : left_(escaped) {}

  // Writes what comes next, at most `capacity` bytes (at least 16), and returns how many; 0 at the
  // end. A lone surrogate is U+FFFD; an escape that JSON does not know, or one cut short, stands
  // for itself.
  std::size_t read(char* out, std::size_t capacity);
  bool done() const { return left_.empty(); }

 private:
  char* copy_plain(char* out, const char* end);
  char* read_escape(char* out);
  char* read_code(char* out);

  std::string_view left_;
};

}  // namespace steelyard::router
