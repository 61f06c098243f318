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
    return json ? counter.count_json_part(some) : counter.count(some);  // no memo of windows
  };
  std::uint64_t dice = options.seed;
  const std::size_t windows = std::max<std::size_t>(options.windows, 2);
  if (text.size() < 2 * windows * options.window_bytes) {
    const std::int64_t tokens = json ? counter.count_json(text) : counter.count(text);
    return {tokens, tokens, CountQuality::exact};
  }
  const std::size_t stride = text.size() / windows;
  double tokens = 0, bytes = 0, tokens2 = 0, bytes2 = 0, product = 0;
  for (std::size_t i = 0; i < windows; ++i) {
    const std::size_t room = stride - options.window_bytes;
    dice = dice * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    const std::size_t place =
        i * stride + (options.seed == 0 ? room / 2 : static_cast<std::size_t>(dice >> 33) % room);
    const std::size_t begin = fair_place(text, place, json);
    const std::size_t end = fair_place(text, place + options.window_bytes, json);
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
  // Much as Student's t with n - 1 degrees of freedom, for 99.7 %: 7 for 4, 3.05 for 256.
  const double errors = 3 * (1 + 4 / (n - 1));
  out.upper = std::min(static_cast<std::int64_t>(std::ceil((ratio + errors * error) * whole)) + 1,
                       static_cast<std::int64_t>(text.size()) + 1);
  out.quality = CountQuality::prior;
  return out;
}

}  // namespace steelyard::router
