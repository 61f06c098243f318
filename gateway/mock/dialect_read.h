#pragma once
// Small readers that the dialects of the pretend provider share. Internal to gateway/mock.
#include <simdjson.h>

#include <string_view>

#include "gateway/mock/chat_request.h"

namespace steelyard::mock {

using Element = simdjson::dom::element;

inline std::string_view text_at(const Element& element, std::string_view key) {
  std::string_view text;
  return element[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

inline std::int64_t number_at(const Element& element, std::string_view key,
                              std::int64_t otherwise) {
  std::int64_t number = 0;
  return element[key].get(number) == simdjson::SUCCESS ? number : otherwise;
}

inline bool flag_at(const Element& element, std::string_view key) {
  bool flag = false;
  return element[key].get(flag) == simdjson::SUCCESS && flag;
}

inline bool child_at(const Element& element, std::string_view key, Element& out) {
  return element[key].get(out) == simdjson::SUCCESS && !out.is_null();
}

// A string, or an array of objects with a `text`, or with `content` of the same kind: counted, and
// with `question` the first text is what was asked.
inline void add_content(const Element& content, bool question, bool directives, ChatRequest& out) {
  const auto text = [&](std::string_view said) {
    out.prompt_bytes += static_cast<std::int64_t>(said.size());
    if (question) take_question(said, directives, out);
    question = false;
  };
  std::string_view whole;
  simdjson::dom::array parts;
  if (content.get(whole) == simdjson::SUCCESS) return text(whole);
  if (content.get(parts) != simdjson::SUCCESS) return;
  for (const Element part : parts) {
    Element inner;
    std::string_view said;
    if (part["text"].get(said) == simdjson::SUCCESS) {
      text(said);
    } else if (child_at(part, "content", inner)) {
      add_content(inner, false, directives, out);
    }
  }
}

// Takes the first tool, or the one called `wanted`.
inline void offer_tool(std::string_view name, std::string_view wanted, const Element* schema,
                       ChatRequest& out) {
  if (name.empty() || !out.tool_name.empty() || (!wanted.empty() && name != wanted)) return;
  out.tool_name.assign(name);
  if (schema != nullptr)
    append_instance(out.tool_arguments, *schema);
  else
    out.tool_arguments = "{}";
}

}  // namespace steelyard::mock
