#include "router/tokens/sentence_rules.h"

#include <algorithm>

namespace steelyard::router {

void SentenceRules::add_char(std::uint32_t code, std::uint32_t token) {
  chars_.emplace_back(code, token);
}

void SentenceRules::join(std::uint32_t left, std::uint32_t right) {
  if ((left | right) < 128) {
    ascii_[left * 2 + (right >> 6)] |= std::uint64_t{1} << (right & 63);
    return;
  }
  const std::uint64_t bit = place_of(left, right);
  joins_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
}

void SentenceRules::add_user_token(std::string text) {
  if (text.empty()) return;
  user_first_[static_cast<unsigned char>(text[0])] = true;
  user_longest_ = std::max(user_longest_, text.size());
  user_.push_back(std::move(text));
}

void SentenceRules::finish() {
  std::sort(chars_.begin(), chars_.end());
  std::sort(user_.begin(), user_.end());
}

std::uint32_t SentenceRules::token_of(std::uint32_t code) const {
  const auto found = std::lower_bound(chars_.begin(), chars_.end(), std::pair{code, 0U});
  return found != chars_.end() && found->first == code ? found->second : none;
}

// Those with the same first bytes stand together: the range narrows byte by byte.
std::size_t SentenceRules::user_token(std::string_view text) const {
  auto first = user_.begin(), last = user_.end();
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size() && first != last; ++at) {
    const auto byte = [at](const std::string& one) {
      return at < one.size() ? static_cast<unsigned char>(one[at]) : -1;
    };
    const int wanted = static_cast<unsigned char>(text[at]);
    first = std::partition_point(first, last,
                                 [&](const std::string& one) { return byte(one) < wanted; });
    last = std::partition_point(first, last,
                                [&](const std::string& one) { return byte(one) <= wanted; });
    if (first != last && first->size() == at + 1) longest = at + 1;
  }
  return longest;
}

std::size_t SentenceRules::bytes() const {
  std::size_t total = sizeof *this + joins_.size() * sizeof joins_[0] +
                      chars_.size() * sizeof chars_[0] + user_.size() * sizeof(std::string);
  for (const std::string& one : user_) total += one.capacity();
  return total;
}

}  // namespace steelyard::router
