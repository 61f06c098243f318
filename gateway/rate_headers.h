#pragma once
// What an answer's head says of the rate limit of the key that was used (research/wire 3): a key
// with nothing left rests until it has, so that the others carry on without a 429.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "gateway/net/response_head.h"

namespace steelyard {

// As the configuration has them, or those of the dialect's own maker.
std::vector<RateHeaderSpec> rate_headers_of(const ProviderSpec& spec);

// How long the key is to rest, in milliseconds, at most an hour; 0: it has some of everything left.
std::int64_t rest_said(const net::ResponseHead& head, std::span<const RateHeaderSpec> fields,
                       Instant now);

// "1s", "6m0s", "1h2m3.5s", "20ms", "12" and "0.5" (seconds), "1795998000" (since 1970),
// "2026-11-30T04:00:00Z": milliseconds from `now`, at least 0. -1: it is none of these.
std::int64_t reset_ms(std::string_view text, Instant now);

}  // namespace steelyard
