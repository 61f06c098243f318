#pragma once
// Writes a message head into the caller's memory: bounds-checked, no allocation. Text that could
// end a line early (CR, LF, NUL, any control but TAB, DEL, bytes >= 0x80) never gets in, so a value
// taken from JSON or from a provider cannot add a field or split an answer.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace steelyard::net {

// "OK", "Not Found"; "Unknown" for a code without a name.
std::string_view reason_phrase(unsigned status);

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> room)
      : begin_(room.data()), at_(begin_), end_(begin_ + room.size()) {}

  // "HTTP/1.1 200 OK\r\n". Status 100 to 599, else false.
  bool status_line(unsigned status);
  // "POST /v1/messages HTTP/1.1\r\n". False if the method is no token or the target has blanks or
  // controls.
  bool request_line(std::string_view method, std::string_view target);
  // "name: value\r\n". False, and nothing written, if the name is no token or the value holds a
  // forbidden byte.
  bool append_field(std::string_view name, std::string_view value);
  bool append_field(std::string_view name, std::uint64_t value);
  // The same with the value in two parts: ("authorization", "Bearer ", key) needs no joined copy of
  // a secret.
  bool append_field(std::string_view name, std::string_view value, std::string_view more);
  // The same for a name that is a constant of ours, with colon and blank: "content-length: ".
  bool append_value(std::string_view name_colon, std::string_view value);
  bool append_number(std::string_view name_colon, std::uint64_t value);
  // Ready-made text, checked by whoever made it ("connection: close\r\n" as a constant).
  // In the header: a constant's copy is then a few moves.
  bool append_raw(std::string_view text) {
    if (!fits(text.size())) return false;
    put(text);
    return true;
  }
  // The same for text that is put together in place: room for `most` bytes, or null; then how many
  // there are.
  char* room(std::size_t most) { return fits(most) ? at_ : nullptr; }
  void advance(std::size_t bytes) { at_ += bytes; }
  // The empty line.
  bool end_of_head() { return append_raw("\r\n"); }

  // False once something did not fit; a head that did not fit must not be sent.
  bool ok() const { return ok_; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
  std::string_view view() const { return {begin_, size()}; }
  void clear() {
    at_ = begin_;
    ok_ = true;
  }

 private:
  bool fits(std::size_t bytes) {
    ok_ &= bytes <= static_cast<std::size_t>(end_ - at_);
    return ok_;
  }
  void put(std::string_view text) {
    if (text.empty()) return;  // memcpy must not see a null pointer
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  char* begin_;
  char* at_;
  char* end_;
  bool ok_ = true;
};

// Decimal digits of `value` into `to` (at least 20 bytes); the number written.
std::size_t write_decimal(char* to, std::uint64_t value);

}  // namespace steelyard::net
