#include "gateway/quoted_key.h"

#include <algorithm>
#include <string_view>

namespace steelyard {
namespace {

constexpr std::size_t key_bytes_least = 12;
constexpr std::string_view struck = "***";

bool is_of_key(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

}  // namespace

void strike_keys(std::string& text, std::span<const Secret> heads) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_of_key(text[end])) ++end;
    std::string_view word = std::string_view(text).substr(at, end - at);
    while (word.ends_with('.')) word.remove_suffix(1);  // of its sentence
    const bool key = word.size() >= key_bytes_least &&
                     std::any_of(heads.begin(), heads.end(), [word](const Secret& head) {
                       return head.reveal().find(word) != std::string_view::npos;
                     });
    if (key) {
      text.replace(at, word.size(), struck);
      end = at + struck.size();
    }
    at = std::max(end, at + 1);
  }
}

}  // namespace steelyard
