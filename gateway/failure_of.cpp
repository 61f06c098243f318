#include "gateway/failure_of.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string_view>

namespace steelyard {
namespace {

std::int64_t number_in(std::string_view text) {
  std::int64_t value = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && value >= 0 ? value : -1;
}

// "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110, 5.6.7); -1: not that.
std::int64_t seconds_of_date(std::string_view text) {
  const std::string copy(text.substr(0, 64));
  std::tm date{};
  const char* const end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  return end != nullptr && *end == 0 ? ::timegm(&date) : -1;
}

}  // namespace

std::int64_t retry_after_s(std::string_view text, Instant now) {
  double seconds = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size())
    return seconds >= 0 && seconds <= 1e9 ? static_cast<std::int64_t>(std::ceil(seconds)) : -1;
  const std::int64_t date = seconds_of_date(text);
  return date < 0 ? -1 : std::max<std::int64_t>(date - now.seconds(), 0);
}

router::FailureClass failure_of(dialect::FaultClass c) {
  switch (c) {
    case dialect::FaultClass::none:
    case dialect::FaultClass::server: return router::FailureClass::server;
    case dialect::FaultClass::client_invalid: return router::FailureClass::client_invalid;
    case dialect::FaultClass::context_length: return router::FailureClass::context_length;
    case dialect::FaultClass::model_missing:
    case dialect::FaultClass::auth_upstream: return router::FailureClass::auth_upstream;
    case dialect::FaultClass::balance: return router::FailureClass::balance;
    case dialect::FaultClass::rate_limited: return router::FailureClass::rate_limited;
    case dialect::FaultClass::overloaded: return router::FailureClass::overloaded;
    case dialect::FaultClass::timeout: return router::FailureClass::timeout;
    case dialect::FaultClass::refused: return router::FailureClass::content;
  }
  return router::FailureClass::server;
}

std::int64_t hint_ms(const net::ResponseHead& head, Instant now) {
  const std::int64_t exact = number_in(head.value(net::ResponseField::retry_after_ms));
  if (exact > 0) return std::min(exact, hint_ms_max);
  const std::int64_t seconds = retry_after_s(head.value(net::ResponseField::retry_after), now);
  return seconds < 0 ? exact : std::min(seconds, hint_ms_max / 1000) * 1000;
}

std::string retry_lines(const net::ResponseHead& head, Instant now) {
  std::string lines;
  const std::string_view after = head.value(net::ResponseField::retry_after);
  if (const std::int64_t seconds = retry_after_s(after, now); seconds >= 0)
    lines += "retry-after: " + std::to_string(seconds) + "\r\n";
  const std::string_view exact = head.value(net::ResponseField::retry_after_ms);
  if (number_in(exact) >= 0) lines.append("retry-after-ms: ").append(exact).append("\r\n");
  const std::string_view again = head.value(net::ResponseField::x_should_retry);
  if (again == "true" || again == "false")
    lines.append("x-should-retry: ").append(again).append("\r\n");
  return lines;
}

}  // namespace steelyard
