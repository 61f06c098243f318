#include "router/tokens/sliced_count.h"

#include <algorithm>

#include "router/tokens/sample.h"

namespace steelyard::router {

void SlicedCount::add_json(std::string_view escaped) {
  TokenCount text;
  text.tokens = counter_->known_json(escaped);
  if (text.tokens < 0) {
    const bool exactly =
        escaped.size() <= slice_.exact_bytes && total_.tokens <= slice_.enough_tokens;
    if (exactly) {
      text.tokens = counter_->count_json(escaped);
      slice_.exact_bytes -= escaped.size();
    } else {
      SampleOptions options;
      options.seed = ++slice_.seed;
      text = sample_count(*counter_, escaped, true, options);
    }
  }
  total_.tokens += text.tokens;
  total_.upper += std::max(text.upper, text.tokens);
  total_.quality = std::max(total_.quality, text.quality);
}

}  // namespace steelyard::router
