#pragma once
// What a provider's error answer means for retries and breakers, and how long it asks to wait.
#include <cstdint>
#include <string>

#include "gateway/dialect/fault.h"
#include "gateway/net/response_head.h"
#include "router/failure_class.h"

namespace steelyard {

inline constexpr std::int64_t hint_ms_max = 3'600'000;  // nobody is parked for more than an hour

router::FailureClass failure_of(dialect::FaultClass c);
// retry-after-ms, else retry-after in seconds; -1: no hint. Azure sends 0 ms beside 1 s.
std::int64_t hint_ms(const net::ResponseHead& head);
// Those fields as they came, for the client: head lines with CRLF.
std::string retry_lines(const net::ResponseHead& head);

}  // namespace steelyard
