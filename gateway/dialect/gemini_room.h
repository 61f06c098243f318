#pragma once
// Texts that a request of Gemini's does not hold as they are needed: ids that were left out,
// results that are no text, what a signature carries. Reused: strings keep their memory.
#include <deque>
#include <string>

namespace steelyard::dialect::gemini {

class TextRoom {
 public:
  void clear() { used_ = 0; }
  // An empty string that stays where it is until clear().
  std::string& take() {
    if (used_ == texts_.size()) texts_.emplace_back();
    std::string& text = texts_[used_++];
    text.clear();
    return text;
  }

 private:
  std::deque<std::string> texts_;
  std::size_t used_ = 0;
};

}  // namespace steelyard::dialect::gemini
