#include "gateway/failure_of.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace steelyard {
namespace {

std::int64_t number_in(std::string_view text) {
  std::int64_t value = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && value >= 0 ? value : -1;
}

}  // namespace

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

std::int64_t hint_ms(const net::ResponseHead& head) {
  const std::int64_t exact = number_in(head.value(net::ResponseField::retry_after_ms));
  if (exact > 0) return std::min(exact, hint_ms_max);
  const std::int64_t seconds = number_in(head.value(net::ResponseField::retry_after));
  return seconds < 0 ? exact : std::min(seconds, hint_ms_max / 1000) * 1000;
}

std::string retry_lines(const net::ResponseHead& head) {
  std::string lines;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const net::FieldView field = head.fields[i];
    for (const std::string_view name : {"retry-after", "retry-after-ms", "x-should-retry"})
      if (net::equals_folded(field.name, name))
        lines.append(name).append(": ").append(field.value).append("\r\n");
  }
  return lines;
}

}  // namespace steelyard
