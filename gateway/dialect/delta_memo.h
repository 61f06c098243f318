#pragma once
// Most events of a stream are the one before with other words in it. Those are not parsed again:
// the bytes around the words are compared, and the words are checked to be the inside of a JSON
// string. One per stream.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace steelyard::dialect {

class DeltaMemo {
 public:
  static constexpr std::size_t idle_max = 3;

  // `event` was read the long way, and all that came of it is `words`, a piece of it that stands
  // between quotes. Anything else is not learned. `idle`: other such pieces (and empty ones), whose
  // bytes mean nothing any more: an id in every event, the padding that hides lengths.
  void learn(std::string_view event, std::string_view words,
             std::span<const std::string_view> idle = {});
  // The words of an event that differs from the one learned in its words and idle strings only;
  // "": it is to be read.
  std::string_view words_of(std::string_view event) const;
  void forget() { gaps_ = 0; }

 private:
  // What stands before each gap, one behind the other, with the quotes; then the event's end.
  std::string literals_;
  std::array<std::uint32_t, idle_max + 1> sizes_;
  std::size_t gaps_ = 0, words_at_ = 0;  // no gaps: nothing was learned
};

}  // namespace steelyard::dialect
