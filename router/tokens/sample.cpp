#include "router/tokens/sample.h"

#include <algorithm>
#include <cmath>

namespace steelyard::router {
namespace {

// Forward to where a window may begin or end: not inside a character, nor inside an escape.
std::size_t fair_place(std::string_view text, std::size_t at, bool json) {
  if (json) {
    // Six bytes are the longest escape: behind the last backslash of those, or its pair.
    std::size_t slash = text.substr(0, at).find_last_of('\\');
    if (slash != text.npos && at - slash < 12) at = std::min(text.size(), slash + 12);
    while (at < text.size() && at > 0 && text[at - 1] == '\\') ++at;
  }
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

}  // namespace

TokenCount sample_count(TokenCounter& counter, std::string_view text, bool json,
                        const SampleOptions& options) {
  const auto count = [&](std::string_view some) {
    return json ? counter.count_json(some) : counter.count(some);
  };
  const std::size_t windows = std::max<std::size_t>(options.windows, 2);
  if (text.size() < 2 * windows * options.window_bytes) {
    const std::int64_t tokens = count(text);
    return {tokens, tokens, CountQuality::exact};
  }
  const std::size_t stride = text.size() / windows;
  double tokens = 0, bytes = 0, tokens2 = 0, bytes2 = 0, product = 0;
  for (std::size_t i = 0; i < windows; ++i) {
    const std::size_t middle = i * stride + (stride - options.window_bytes) / 2;
    const std::size_t begin = fair_place(text, middle, json);
    const std::size_t end = fair_place(text, middle + options.window_bytes, json);
    const auto found = static_cast<double>(count(text.substr(begin, end - begin)));
    const auto size = static_cast<double>(end - begin);
    tokens += found;
    bytes += size;
    tokens2 += found * found;
    bytes2 += size * size;
    product += found * size;
  }
  const auto n = static_cast<double>(windows);
  const double ratio = tokens / bytes;
  const double residual = tokens2 - 2 * ratio * product + ratio * ratio * bytes2;
  const double error = std::sqrt(std::max(residual, 0.0) / (n - 1) / n) / (bytes / n);
  const auto whole = static_cast<double>(text.size());
  TokenCount out;
  out.tokens = static_cast<std::int64_t>(std::ceil(ratio * whole));
  out.upper = static_cast<std::int64_t>(std::ceil((ratio + 3 * error) * whole)) + 1;
  out.quality = CountQuality::prior;
  return out;
}

}  // namespace steelyard::router
