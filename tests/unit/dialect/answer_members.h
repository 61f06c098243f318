#pragma once
// JSON objects as the framing of test answers puts them together. Used by answer_frames*.cpp.
#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/dialect/answer_frames.h"

namespace steelyard::dialect::testing {

namespace dom = simdjson::dom;

// Raw values by key, in the order they are written.
class Members {
 public:
  Members() = default;
  explicit Members(std::vector<std::pair<std::string, std::string>> all) : all_(std::move(all)) {}
  explicit Members(const dom::element& object) {
    dom::object members;
    if (object.get(members) == simdjson::SUCCESS) put_all(members);
  }
  Members& put(std::string_view key, std::string value) {
    for (auto& [known, old] : all_)
      if (known == key) {
        old = std::move(value);
        return *this;
      }
    all_.emplace_back(key, std::move(value));
    return *this;
  }
  Members& put_all(const dom::object& from) {
    for (const auto field : from) put(field.key, simdjson::minify(field.value));
    return *this;
  }
  std::string take(std::string_view key) {
    for (auto at = all_.begin(); at != all_.end(); ++at)
      if (at->first == key) {
        std::string value = std::move(at->second);
        all_.erase(at);
        return value;
      }
    return {};
  }
  // Moves those that are there.
  Members split(std::initializer_list<std::string_view> keys) {
    Members out;
    for (const std::string_view key : keys)
      if (std::string value = take(key); !value.empty()) out.put(key, std::move(value));
    return out;
  }
  std::string json() const {
    std::string out = "{";
    for (const auto& [key, value] : all_)
      out.append(out.size() > 1 ? "," : "").append("\"" + key + "\":" + value);
    return out + "}";
  }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

inline std::vector<simdjson::dom::element> elements(dom::parser& parser, const std::string& array) {
  std::vector<dom::element> out;
  dom::array list;
  if (parser.parse(array).get(list) == simdjson::SUCCESS)
    for (const dom::element element : list) out.push_back(element);
  return out;
}

inline std::string text_of(const dom::element& of, const char* key) {
  std::string_view text;
  return of[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// As JSON has it: quotes and escapes.
inline std::string raw_of(const dom::element& of, const char* key) {
  dom::element value;
  return of[key].get(value) == simdjson::SUCCESS ? simdjson::minify(value) : std::string();
}

inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  return out + "\"";
}

Answers converse_answers(dom::parser& parser, const dom::object& said);

}  // namespace steelyard::dialect::testing
