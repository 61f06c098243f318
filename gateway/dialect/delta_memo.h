#pragma once
// Most events of a stream are the one before with other words in it. Those are not parsed again:
// the bytes before and behind the words are compared, and the words are checked to be the inside of
// a JSON string. One per stream.
#include <string>
#include <string_view>

namespace steelyard::dialect {

class DeltaMemo {
 public:
  // `event` was read the long way, and all that came of it is `words`, a piece of it that stands
  // between quotes. Anything else is not learned.
  void learn(std::string_view event, std::string_view words);
  // The words of an event that differs from the one learned in its words only; "": it is to be
  // read.
  std::string_view words_of(std::string_view event) const;
  void forget() { before_.clear(); }

 private:
  std::string before_, behind_;  // with the quotes; before_ empty: nothing was learned
};

}  // namespace steelyard::dialect
