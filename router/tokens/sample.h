#pragma once
// An estimate for very long text when there is no time to count it all: windows spread evenly over
// it are counted, and their tokens per byte taken for the whole.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "router/tokens/counter.h"

namespace steelyard::router {

struct SampleOptions {
  std::size_t windows = 256;
  std::size_t window_bytes = 1024;
  std::uint64_t seed = 0;  // each window lies somewhere in its share of the text; 0: in the middle
};

// Counted exactly, and said to be, when the windows would cover half of the text. Else `tokens` is
// the estimate and `upper` is three standard errors above it (more where windows are few), from how
// much the windows differ (stratified sampling, ratio estimator: Cochran, "Sampling Techniques",
// 1977, 5.3 and 6.3), and never above a token a byte.
// `json`: the text is the inside of a JSON string.
TokenCount sample_count(TokenCounter& counter, std::string_view text, bool json,
                        const SampleOptions& options = {});

}  // namespace steelyard::router
