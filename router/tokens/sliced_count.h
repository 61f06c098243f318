#pragma once
// A whole request's texts within a slice of time: exact as long as that costs little, sampled from
// then on.
#include <cstdint>

#include "router/tokens/counter.h"

namespace steelyard::router {

// Counts texts one by one. Those a memo knows cost nothing; of others `exact_bytes` are counted,
// and no more once the sum is above `enough_tokens` (no model takes so many: how many there are
// exactly is of no use). What is left is estimated from windows (sample.h), short texts excepted.
class SlicedCount {
 public:
  struct Slice {
    std::size_t exact_bytes = std::size_t{4} << 20;  // some 6 ms, 15 ms where nothing was met yet
    std::int64_t enough_tokens = std::int64_t{1} << 30;
    std::uint64_t seed = 0;  // of where windows lie; random, so that no client can write for them
  };
  SlicedCount(TokenCounter& counter, const Slice& slice) : counter_(&counter), slice_(slice) {}

  void add_json(std::string_view escaped);
  // `exact` unless something was sampled: then `prior`, with the windows' bound in `upper`.
  const TokenCount& total() const { return total_; }

 private:
  TokenCounter* counter_;
  Slice slice_;
  TokenCount total_;
};

}  // namespace steelyard::router
