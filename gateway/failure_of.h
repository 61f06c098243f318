#pragma once
// What a provider's error answer means for retries and breakers, and how long it asks to wait.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "gateway/dialect/fault.h"
#include "gateway/net/response_head.h"
#include "router/failure_class.h"

namespace steelyard {

inline constexpr std::int64_t hint_ms_max = 3'600'000;  // nobody is parked for more than an hour

router::FailureClass failure_of(dialect::FaultClass c);
// A retry-after field in whole seconds, rounded up: providers send fractions and dates, too, which
// SDKs take for no hint. 0: of a date that has passed. -1: none of these.
std::int64_t retry_after_s(std::string_view text, Instant now);
// retry-after-ms, else retry-after; -1: no hint. Azure sends 0 ms beside 1 s.
std::int64_t hint_ms(const net::ResponseHead& head, Instant now);
// retry-after in seconds, retry-after-ms and x-should-retry, for the client: head lines with CRLF.
// One that says nothing a client could read is left out.
std::string retry_lines(const net::ResponseHead& head, Instant now);

}  // namespace steelyard
