#pragma once
// A whole request's texts within a slice of time: exact as long as that costs little, sampled from
// then on.
#include <cstdint>

#include "router/tokens/counter.h"

namespace steelyard::router {

// Counts texts one by one. Those a memo knows cost nothing; of others `exact_bytes` are counted, as
// long as that needs no more than `work` (ordinary text needs little, what was made to be slow 25
// times as much), and no more once the sum is above `enough_tokens` (no model takes so many: how
// many there are exactly is of no use). What is left is estimated from windows (sample.h). Texts
// too short for those are counted all the same, but once `work` is spent: then a quarter of their
// bytes is the estimate, and all of them the bound.
class SlicedCount {
 public:
  // A request up to this size is counted as it is: 20 ms at the worst.
  static constexpr std::size_t at_once = 512 * 1024;
  struct Slice {
    std::size_t exact_bytes = std::size_t{4} << 20;  // some 6 ms, 15 ms where nothing was met yet
    std::int64_t work = std::int64_t{1} << 20;       // bytes to merge: 35 ms at the worst
    std::int64_t enough_tokens = std::int64_t{1} << 30;
    std::uint64_t seed = 0;  // of where windows lie; random, so that no client can write for them
  };
  SlicedCount(TokenCounter& counter, const Slice& slice) : counter_(&counter), slice_(slice) {}

  TokenCount add_json(std::string_view escaped);  // of this text
  // `exact` unless something was sampled: then `prior`, with the windows' bound in `upper`.
  const TokenCount& total() const { return total_; }

 private:
  TokenCount estimate(std::string_view escaped);

  TokenCounter* counter_;
  Slice slice_;
  TokenCount total_;
};

}  // namespace steelyard::router
