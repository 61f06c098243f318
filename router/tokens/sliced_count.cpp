#include "router/tokens/sliced_count.h"

#include <algorithm>

#include "router/tokens/sample.h"

namespace steelyard::router {

TokenCount SlicedCount::add_json(std::string_view escaped) {
  TokenCount text;
  text.tokens = counter_->known_json(escaped);
  const bool exactly = escaped.size() <= slice_.exact_bytes &&
                       total_.tokens <= slice_.enough_tokens && slice_.work >= 0;
  if (text.tokens < 0 && exactly) {
    text.tokens = counter_->count_json_within(escaped, slice_.work);
    if (text.tokens >= 0) {
      slice_.exact_bytes -= escaped.size();
      counter_->remember_json(escaped, text.tokens, false);
    }
  }
  text.upper = text.tokens;
  if (text.tokens < 0) text = estimate(escaped);
  total_.tokens += text.tokens;
  total_.upper += text.upper;
  total_.quality = std::max(total_.quality, text.quality);
  return text;
}

TokenCount SlicedCount::estimate(std::string_view escaped) {
  SampleOptions options;
  options.seed = ++slice_.seed;
  if (slice_.work < 0) {  // all windows together stay below 1/32 of the text
    constexpr std::size_t share = 32 * 1024;
    const auto bytes = static_cast<std::int64_t>(escaped.size());
    if (escaped.size() < 4 * share) return {bytes / 4 + 1, bytes + 1, CountQuality::prior};
    options.windows = std::min(options.windows, escaped.size() / share);
  }
  return sample_count(*counter_, escaped, true, options);
}

}  // namespace steelyard::router
