#pragma once
// Counts the texts of a large request while the rest of its body arrives: what was counted stands
// in the worker's memo when the request is decided. Nothing else depends on it: a text that was not
// counted early is counted then.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "router/tokens/counter.h"

namespace steelyard {

class EarlyCounts {
 public:
  // Smaller bodies come in a packet or a few, and are counted in microseconds.
  static constexpr std::size_t body_least = 64u << 10;

  // `body`: what has come of the body, which is JSON; each call's begins with the last one's. Looks
  // at what is new. `look`: see TokenCounter::remember_json.
  void advance(std::string_view body, router::TokenCounter& counter, bool look);

  std::size_t counted() const { return counted_; }  // bytes of texts that were not known, so far

 private:
  static constexpr std::size_t text_least = 1024;  // bytes of a text worth remembering early
  static constexpr std::int64_t work_most = std::int64_t{1} << 20;  // see count_json_within
  static constexpr std::size_t part_least = 32u << 10;              // of one that has not ended

  bool string_ends(std::string_view body);
  bool next_string(std::string_view body);
  bool counts(std::string_view part, router::TokenCounter& counter);
  void count_some(std::string_view text, router::TokenCounter& counter);
  void end_text(std::string_view text, router::TokenCounter& counter, bool look);

  std::size_t at_ = 0;        // seen so far
  std::size_t begin_ = 0;     // of the string at hand, behind its quote
  std::size_t end_ = 0;       // of the last string
  bool inside_ = false;       // a string
  bool text_ = false;         // it is one that is counted
  bool ended_ = false;        // it may have been a key: what follows is not known yet
  bool key_counts_ = false;   // the last key is of texts
  std::size_t part_end_ = 0;  // of what was counted of the string at hand
  std::size_t looked_ = 0;    // no further cut before
  std::int64_t part_tokens_ = 0;
  std::size_t counted_ = 0;
  std::int64_t work_ = 0;  // left of one advance()'s
};

}  // namespace steelyard
