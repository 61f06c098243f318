#include "policies/glob.h"

#include <utility>

namespace steelyard::policies {
namespace {

// Backtracks to the last star only: what an earlier star swallowed never has to be given back.
bool match_general(std::string_view pattern, std::string_view text) {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t p = 0, t = 0, star = none, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != none) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Glob::Glob(std::string pattern) : pattern_(std::move(pattern)) {
  const std::size_t wild = pattern_.find_first_of("*?");
  if (wild == std::string::npos) return;
  shape_ = Shape::general;
  if (pattern_.find_first_of("*?", wild + 1) != std::string::npos || pattern_[wild] != '*') return;
  if (pattern_.size() == 1) {
    shape_ = Shape::any;
  } else if (wild + 1 == pattern_.size()) {
    shape_ = Shape::prefix;
  } else if (wild == 0) {
    shape_ = Shape::suffix;
  }
}

bool Glob::matches(std::string_view text) const {
  const std::string_view pattern = pattern_;
  switch (shape_) {
    case Shape::literal: return text == pattern;
    case Shape::any: return true;
    case Shape::prefix: return text.starts_with(pattern.substr(0, pattern.size() - 1));
    case Shape::suffix: return text.ends_with(pattern.substr(1));
    case Shape::general: return match_general(pattern, text);
  }
  return false;
}

}  // namespace steelyard::policies
