#include "gateway/rate_headers.h"

#include <algorithm>
#include <charconv>

#include "gateway/cloud/aws_keys.h"

namespace steelyard {
namespace {

constexpr std::int64_t kRestMax_ms = 3'600'000;
constexpr std::int64_t kRestUnsaid_ms = 60'000;
constexpr double kEpochLeast = 1e9;  // larger numbers are times, not durations

// A decimal number at the front of `text`, which it is taken off. False: there is none.
bool take_number(std::string_view& text, double& value) {
  const auto done =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (done.ec != std::errc() || value < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(done.ptr - text.data()));
  return true;
}

double unit_ms(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s" || unit.empty()) return 1'000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  return unit == "d" ? 86'400'000 : -1;
}

}  // namespace

std::int64_t reset_ms(std::string_view text, Instant now) {
  const std::int64_t at = cloud::seconds_of(std::string(text));
  if (at >= 0) return std::max<std::int64_t>(at - now.seconds(), 0) * 1000;
  double sum = 0;
  if (text.empty()) return -1;
  while (!text.empty()) {
    double value = 0;
    if (!take_number(text, value)) return -1;
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    text.remove_prefix(unit.size());
    if (unit.empty() && value >= kEpochLeast)
      return std::max<std::int64_t>(static_cast<std::int64_t>(value) - now.seconds(), 0) * 1000;
    if (unit_ms(unit) < 0) return -1;
    sum += value * unit_ms(unit);
  }
  return static_cast<std::int64_t>(std::min(sum, 1e12));
}

std::vector<RateHeaderSpec> rate_headers_of(const ProviderSpec& spec) {
  if (!spec.rate_headers.empty()) return spec.rate_headers;
  if (spec.dialect == "anthropic") {
    std::vector<RateHeaderSpec> made;
    for (const char* what : {"requests", "tokens", "input-tokens", "output-tokens"}) {
      const std::string name = std::string("anthropic-ratelimit-") + what;
      made.push_back({name + "-remaining", name + "-reset", {}});
    }
    return made;
  }
  if (spec.dialect == "openai" || spec.dialect == "responses")
    return {{"x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", {}},
            {"x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", {}}};
  return {};
}

std::int64_t rest_said(const net::ResponseHead& head, std::span<const RateHeaderSpec> fields,
                       Instant now) {
  std::int64_t rest = 0;
  for (const RateHeaderSpec& field : fields) {
    const std::string_view left = head.fields.find(field.remaining);
    double value = 0;
    const auto done = std::from_chars(left.data(), left.data() + left.size(), value);
    if (left.empty() || done.ec != std::errc() || value > 0) continue;
    std::int64_t ms =
        field.reset.empty() ? kRestUnsaid_ms : reset_ms(head.fields.find(field.reset), now);
    if (ms < 0) ms = kRestUnsaid_ms;
    rest = std::max(rest, std::min(ms, kRestMax_ms));
  }
  return rest;
}

}  // namespace steelyard
