#pragma once
// Finding values in text this simulator's own parties wrote: no parser needed, and none shared with
// the gateway.
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::sim {

// The decimal number right behind `key`; -1: none.
inline std::int64_t number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return -1;
  std::string_view rest = text.substr(at + key.size());
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  std::int64_t value = -1;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return read.ec == std::errc() ? value : -1;
}

// The JSON string right behind `key`, without escapes; "": none.
inline std::string string_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view rest = text.substr(at + key.size());
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (rest.empty() || rest.front() != '"') return {};
  rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find('"')));
}

}  // namespace steelyard::sim
