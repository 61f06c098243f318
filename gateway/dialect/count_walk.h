#pragma once
// Steps through JSON objects and arrays for the readers of count requests.
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {

class CountWalk {
 public:
  explicit CountWalk(std::string_view body) : body_(body), at_(body) {}

  char peek() const { return at_.peek(); }
  bool good() const { return good_ && at_.fault() == JsonFault::none; }
  // Calls `visit(key)` for each member; it must take the value (`skip` if nothing else).
  template <class Visit>
  void members(const char* what, Visit visit) {
    if (!good() || !at_.open('{')) return wrong(what, "must be an object");
    bool first = true;
    std::string_view key;
    const std::size_t here = path_.size();
    while (good() && at_.next_member(first, key)) {
      path_.append(1, '/').append(key);
      visit(key);
      if (good()) path_.resize(here);
    }
  }
  template <class Visit>
  void elements(const char* what, Visit visit) {
    if (!good() || !at_.open('[')) return wrong(what, "must be an array");
    bool first = true;
    const std::size_t here = path_.size();
    for (std::size_t index = 0; good() && at_.next_element(first); ++index) {
      path_.append(1, '/').append(std::to_string(index));
      visit();
      if (good()) path_.resize(here);
    }
  }
  std::string_view string(const char* what) {
    std::string_view inside;
    if (!good() || !at_.take_string(inside)) wrong(what, "must be a string");
    return inside;
  }
  // Any value, raw.
  std::string_view raw() {
    const std::size_t begin = at_.offset();
    if (!good() || !at_.skip_value()) return {};
    return body_.substr(begin, at_.end_of_previous() - begin);
  }
  void skip() { (void)raw(); }
  // Where the walk stands, as a JSON pointer; `what`: a member of the body itself.
  void wrong(const char* what, const char* why) {
    if (path_.empty()) path_.append(1, '/').append(what);
    if (good_ && error_.empty()) error_ = "`" + path_ + "` " + why;
    good_ = false;
  }
  Result<void> end() {
    if (good() && at_.at_end()) return {};
    if (error_.empty()) error_ = "the body is not valid JSON";
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, std::move(error_));
  }

 private:
  std::string_view body_;
  JsonCursor at_;
  bool good_ = true;
  std::string error_, path_;
};

}  // namespace steelyard::dialect
