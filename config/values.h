#pragma once
// The small languages inside YAML scalars: money, prices, counts, durations, dates, hours,
// addresses. Text in, integers out, never through a floating-point number. An error is the clause
// "expected …" for a human.
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "config/types/money.h"

namespace steelyard {

template <class T>
using Parsed = tl::expected<T, std::string>;

// "0.05", "20,000", "1_000": the number times 10^`decimals`, exactly. Not negative. Errors: not a
// number, more decimals than `decimals`, larger than `max`.
Parsed<std::int64_t> parse_fixed(std::string_view text, int decimals, std::int64_t max = INT64_MAX);

Parsed<std::int64_t> parse_count(
    std::string_view text);  // "16384", "16,384", "16_384", "600k", "2M", "1.5M"
Parsed<std::int64_t> parse_bytes(std::string_view text);  // "32MiB", "64KiB", "1MB", "4096"
Parsed<std::int64_t> parse_duration_ms(
    std::string_view text);                          // "250ms", "10s", "2m", "1h", "7d", "1m30s"
Parsed<NanoUsd> parse_money(std::string_view text);  // "$20,000", "$0.05", "150 USD"; at most $9e9
Parsed<PicoUsd> parse_price(std::string_view text);  // USD per million tokens: "2.5", "$0.00875"
Parsed<std::int32_t> parse_percent(std::string_view text);  // "80%", whole percents
Parsed<bool> parse_bool(std::string_view text);             // "true", "false" and nothing else
Parsed<double> parse_score(std::string_view text);          // "58.9": at most 6 decimals
Parsed<Instant> parse_instant(std::string_view text);  // "2026-11-30", "2026-11-30T16:00:00Z": UTC

struct MinuteRange {
  std::int32_t from = 0, to = 0;  // minutes of the day
};
Parsed<MinuteRange> parse_hours(
    std::string_view text);  // "08:00-18:00", "22:00-24:00"; to may be before from

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (every address).
Parsed<ListenSpec> parse_listen(std::string_view text);

// IANA name by its form only ("Europe/Berlin", "UTC", "Etc/GMT+5"): whether it exists is for the
// gateway to say.
bool looks_like_time_zone(std::string_view text);

}  // namespace steelyard
