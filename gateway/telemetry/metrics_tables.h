#pragma once
// What is counted. The index of each array is a closed set: an enum, or a number of Labels.
#include <array>
#include <cstdint>

#include "gateway/telemetry/counter.h"
#include "gateway/telemetry/labels.h"

namespace steelyard::telemetry {

inline constexpr std::size_t dialects_count = 5, calls_count = 12, outcomes_count = 18;

// Buckets in nanoseconds: OpenTelemetry's 10 ms to 81.92 s for whole requests, 10 us to 164 ms for
// our own share of them, 1 ms to 2 s between tokens; and parts per million, 0.1 % to 102 %, for how
// far an estimate was off.
using RequestSeconds = Histogram<10'000'000, 14>;
using OverheadSeconds = Histogram<10'000, 15>;
using InterTokenSeconds = Histogram<1'000'000, 12>;
using ErrorRatio = Histogram<1'000, 11>;

// router::CountQuality: exact, calibrated, prior.
inline constexpr std::size_t count_kinds = 3;

// Bits of Receipt::dropped.
inline constexpr std::size_t losses_max = 64;

enum class RequestEnd : std::uint8_t { success, failure, aborted };
inline constexpr std::size_t request_ends_count = 3;

struct TargetCounters {
  std::array<Counter, outcomes_count> attempts;  // by outcome
  Counter input, input_cached, input_cache_write, output,
      output_reasoning;  // tokens; parts, they do not overlap
  Counter web_searches;  // that the provider made
  Counter cost;          // nano-dollars
  RequestSeconds first_token;
  std::array<ErrorRatio, count_kinds> estimate_error;  // by kind of count
};

struct MetricsTables {
  std::array<std::array<std::array<Counter, outcomes_count>, calls_count>, dialects_count> requests;
  std::array<RequestSeconds, request_ends_count> duration;
  OverheadSeconds overhead;
  InterTokenSeconds inter_token;
  Counter saved, overrun;  // nano-dollars; saved may fall
  Counter escalations, retries, aborted_early, aborted_mid_stream;
  std::array<Counter, losses_max> dropped;                    // by Loss: requests that lost it
  std::array<std::array<Counter, 2>, policies_max> policies;  // routed, denied
  std::array<std::array<Counter, providers_max>, providers_max> failovers;  // from, to
  std::array<TargetCounters, targets_max> targets;
};

// Adds what `from` has counted so far.
void merge(MetricsTables& to, const MetricsTables& from);

}  // namespace steelyard::telemetry
