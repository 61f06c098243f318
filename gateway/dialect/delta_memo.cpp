#include "gateway/dialect/delta_memo.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/text_scan.h"

namespace steelyard::dialect {
namespace {

// The closing quote of the string whose inside begins at p; null: it does not end, or is none.
const char* string_end(const char* p, const char* end) {
  const char* const begin = p;
  bool high = false;
  for (;;) {
    p = find_special(p, end, high);
    if (p == end || (*p != '"' && *p != '\\')) return nullptr;
    if (*p == '"')
      return !high || is_utf8({begin, static_cast<std::size_t>(p - begin)}) ? p : nullptr;
    p = escape_end(p, end);
    if (p == nullptr) return nullptr;
  }
}

// Between two quotes of `event`.
bool is_string_in(std::string_view event, std::string_view piece) {
  const std::less<const char*> before;
  const char* const end = event.data() + event.size();
  return !piece.empty() && before(event.data(), piece.data()) &&
         before(piece.data() + piece.size(), end) && piece.data()[-1] == '"' &&
         piece.data()[piece.size()] == '"';
}

}  // namespace

void DeltaMemo::learn(std::string_view event, std::string_view words,
                      std::span<const std::string_view> idle) {
  forget();
  if (!is_string_in(event, words)) return;
  std::array<std::string_view, idle_max + 1> found{words};
  std::size_t count = 1;
  for (const std::string_view one : idle)
    if (count <= idle_max && is_string_in(event, one)) found[count++] = one;
  const std::span<std::string_view> gaps(found.data(), count);
  std::sort(gaps.begin(), gaps.end(), [](std::string_view a, std::string_view b) {
    return std::less<const char*>()(a.data(), b.data());
  });
  literals_.clear();
  const char* done = event.data();
  for (std::size_t i = 0; i < count; ++i) {
    if (gaps[i].data() == words.data()) words_at_ = i;
    sizes_[i] = static_cast<std::uint32_t>(gaps[i].data() - done);
    literals_.append(done, sizes_[i]);
    done = gaps[i].data() + gaps[i].size();
  }
  literals_.append(done, event.data() + event.size());
  gaps_ = count;
}

std::string_view DeltaMemo::words_of(std::string_view event) const {
  if (gaps_ == 0 || event.size() <= literals_.size()) return {};
  const char* literal = literals_.data();
  const char* p = event.data();
  const char* const end = p + event.size();
  std::string_view words;
  for (std::size_t i = 0; i < gaps_; ++i) {
    if (static_cast<std::size_t>(end - p) < sizes_[i] || std::memcmp(p, literal, sizes_[i]) != 0)
      return {};
    literal += sizes_[i];
    p += sizes_[i];
    const char* const stop = string_end(p, end);
    if (stop == nullptr) return {};
    if (i == words_at_) words = {p, static_cast<std::size_t>(stop - p)};
    p = stop;
  }
  const std::string_view rest(
      literal, static_cast<std::size_t>(literals_.data() + literals_.size() - literal));
  return std::string_view(p, static_cast<std::size_t>(end - p)) == rest ? words
                                                                        : std::string_view();
}

}  // namespace steelyard::dialect
