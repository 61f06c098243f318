#include "gateway/early_counts.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace steelyard {
namespace {

// Members whose strings are texts in some dialect. Never base64, which stands in `data` or `url`.
constexpr std::array keys{
    std::string_view("text"),   std::string_view("content"),    std::string_view("arguments"),
    std::string_view("output"), std::string_view("input_text"), std::string_view("instructions"),
};

bool is_letter(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z';
}

// The first place from `at` on (above 0) where a text may be cut and its parts counted apart, in
// every pattern: before a blank between two letters a new piece begins, whatever stands around.
// (The first may be the end of an escape, which then is a character in front of the blank all the
// same.) 0: none yet.
std::size_t next_cut(std::string_view text, std::size_t at) {
  for (; at + 1 < text.size(); ++at)
    if (text[at] == ' ' && is_letter(text[at - 1]) && is_letter(text[at + 1])) return at;
  return 0;
}

}  // namespace

void EarlyCounts::advance(std::string_view body, router::TokenCounter& counter, bool look) {
  work_ = work_most;
  for (;;) {
    if (inside_) {
      const bool whole = string_ends(body);
      const std::string_view text = body.substr(begin_, (whole ? end_ : at_) - begin_);
      if (text_ && whole) end_text(text, counter, look);
      if (text_ && !whole) count_some(text, counter);
      if (!whole) return;
      inside_ = false;
    } else if (!next_string(body)) {
      return;
    }
  }
}

// Up to the quote that ends the string at hand; false: it has not come.
bool EarlyCounts::string_ends(std::string_view body) {
  while (at_ < body.size()) {
    const void* found = std::memchr(body.data() + at_, '"', body.size() - at_);
    if (found == nullptr) break;
    const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - body.data());
    std::size_t slashes = 0;
    while (quote - slashes > begin_ && body[quote - slashes - 1] == '\\') ++slashes;
    at_ = quote + 1;
    if (slashes % 2 != 0) continue;
    end_ = quote;
    ended_ = true;
    return true;
  }
  at_ = body.size();
  return false;
}

// Up to the next string; false: none has begun. A string before a colon was a key.
bool EarlyCounts::next_string(std::string_view body) {
  if (ended_) {
    const std::size_t next = body.find_first_not_of(" \t\r\n", at_);
    if (next == body.npos) return false;
    if (body[next] == ':') {
      const std::string_view key = body.substr(begin_, end_ - begin_);
      key_counts_ = std::find(keys.begin(), keys.end(), key) != keys.end();
    }
    ended_ = false;
  }
  const std::size_t quote = body.find('"', at_);
  at_ = quote == body.npos ? body.size() : quote + 1;
  if (quote == body.npos) return false;
  begin_ = at_;
  inside_ = true;
  text_ = key_counts_;
  part_end_ = looked_ = 0;
  part_tokens_ = 0;
  return true;
}

// Cuts where the text says, not where its bytes happened to stop: the parts of one that comes again
// are those that were counted.
void EarlyCounts::count_some(std::string_view text, router::TokenCounter& counter) {
  for (;;) {
    const std::size_t cut = next_cut(text, std::max(part_end_ + part_least, looked_));
    looked_ = cut == 0 ? std::max(looked_, text.empty() ? 0 : text.size() - 1) : cut;
    if (cut == 0) return;
    const std::string_view part = text.substr(part_end_, cut - part_end_);
    const std::int64_t known = counter.known_json(part);
    if (known >= 0)
      part_tokens_ += known;
    else if (const std::int64_t before = part_tokens_; counts(part, counter))
      counter.remember_json(part, part_tokens_ - before, false);
    else
      return;
    part_end_ = cut;
  }
}

// False: it would take too long for one turn. Then the text is left to the decision, which
// estimates.
bool EarlyCounts::counts(std::string_view part, router::TokenCounter& counter) {
  const std::int64_t tokens = work_ < 0 ? -1 : counter.count_json_within(part, work_);
  text_ = tokens >= 0;
  if (!text_) return false;
  part_tokens_ += tokens;
  counted_ += part.size();
  return true;
}

void EarlyCounts::end_text(std::string_view text, router::TokenCounter& counter, bool look) {
  if (text.size() < text_least || counter.known_json(text) >= 0) return;
  count_some(text, counter);
  if (text_ && counts(text.substr(part_end_), counter))
    counter.remember_json(text, part_tokens_, look);
}

}  // namespace steelyard
