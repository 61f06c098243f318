#include "gateway/dialect/delta_memo.h"

#include <algorithm>
#include <functional>

namespace steelyard::dialect {
namespace {

bool is_hex(char c) {
  const char low = static_cast<char>(c | 0x20);
  return (c >= '0' && c <= '9') || (low >= 'a' && low <= 'f');
}

// Bytes of the escape that `text` begins with; 0: it is none.
std::size_t escape_size(std::string_view text) {
  constexpr std::string_view simple = "\"\\/bfnrt";
  if (text.size() < 2) return 0;
  if (simple.find(text[1]) != simple.npos) return 2;
  const bool unicode =
      text[1] == 'u' && text.size() >= 6 && std::all_of(&text[2], &text[2] + 4, is_hex);
  return unicode ? 6 : 0;
}

bool is_inside_of_string(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c < 0x20) return false;
    const std::size_t step = c == '\\' ? escape_size(text.substr(i)) : 1;
    if (step == 0) return false;
    i += step;
  }
  return true;
}

}  // namespace

void DeltaMemo::learn(std::string_view event, std::string_view words) {
  forget();
  const std::less<const char*> before;
  const char* const end = event.data() + event.size();
  const bool inside = !words.empty() && before(event.data(), words.data()) &&
                      before(words.data() + words.size(), end);
  if (!inside || words.data()[-1] != '"' || words.data()[words.size()] != '"') return;
  const auto at = static_cast<std::size_t>(words.data() - event.data());
  before_ = event.substr(0, at);
  behind_ = event.substr(at + words.size());
}

std::string_view DeltaMemo::words_of(std::string_view event) const {
  if (before_.empty() || event.size() <= before_.size() + behind_.size()) return {};
  if (!event.ends_with(behind_) || !event.starts_with(before_)) return {};
  const std::string_view words =
      event.substr(before_.size(), event.size() - before_.size() - behind_.size());
  return is_inside_of_string(words) ? words : std::string_view();
}

}  // namespace steelyard::dialect
