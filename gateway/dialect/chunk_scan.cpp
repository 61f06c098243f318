#include "gateway/dialect/chunk_scan.h"

namespace steelyard::dialect::openai {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

EmptyChoices empty_choices(std::string_view event) {
  constexpr std::string_view name = "\"choices\"";
  for (std::size_t at = 0; (at = event.find(name, at)) != std::string_view::npos;) {
    at += name.size();
    std::size_t i = at;
    const auto skip = [&] {
      while (i < event.size() && is_space(event[i])) ++i;
      return i < event.size();
    };
    if (!skip()) return EmptyChoices::undecided;
    if (event[i] != ':') continue;  // a value, not a key
    ++i;
    if (!skip()) return EmptyChoices::undecided;
    if (event[i] != '[') return EmptyChoices::no;
    ++i;
    if (!skip()) return EmptyChoices::undecided;
    return event[i] == ']' ? EmptyChoices::yes : EmptyChoices::no;
  }
  return EmptyChoices::undecided;
}

}  // namespace steelyard::dialect::openai
