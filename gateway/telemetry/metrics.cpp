#include "gateway/telemetry/metrics.h"

#include <algorithm>
#include <bit>

#include "gateway/telemetry/metrics_tables.h"
#include "gateway/telemetry/receipt.h"

namespace steelyard::telemetry {
namespace {

static_assert(static_cast<std::size_t>(WireDialect::responses) + 1 == dialects_count);
static_assert(static_cast<std::size_t>(CallType::pass_through) + 1 == calls_count);
static_assert(static_cast<std::size_t>(ErrorKind::internal) + 2 == outcomes_count);  // and success

// 0: success; else the error's number and one.
std::size_t outcome_index(bool failed, ErrorKind error) {
  return failed ? static_cast<std::size_t>(error) + 1 : 0;
}

template <class E>
std::size_t index(E value, std::size_t count) {
  return std::min(static_cast<std::size_t>(value), count - 1);
}

template <class Array>
auto& by_label(Array& array, std::uint16_t label) {
  return array[label < array.size() ? label : other_label];
}

void record_attempts(MetricsTables& t, const Receipt& r) {
  ProviderId before = other_label;
  for (const ReceiptAttempt& a : r.attempts) {
    TargetCounters& target = by_label(t.targets, a.target);
    target.attempts[outcome_index(a.failed, a.error)].add(1);
    if (&a != r.attempts.begin() && a.provider_id != before)
      by_label(by_label(t.failovers, before), a.provider_id).add(1);
    before = a.provider_id;
    if (a.usage_source == UsageSource::none) continue;
    const TokenUsage& u = a.usage;
    target.input.add(u.prompt - u.cached - u.cache_write);
    target.input_cached.add(u.cached);
    target.input_cache_write.add(u.cache_write);
    target.output.add(u.completion - u.reasoning);
    target.output_reasoning.add(u.reasoning);
    if (u.web_searches != 0) [[unlikely]]
      target.web_searches.add(u.web_searches);
    target.cost.add(a.cost.v);
  }
}

void record_times(MetricsTables& t, const Receipt& r) {
  const ReceiptDurations& d = r.durations;
  const RequestEnd end = r.client_abort != ClientAbort::none ? RequestEnd::aborted
                         : r.failed                          ? RequestEnd::failure
                                                             : RequestEnd::success;
  t.duration[static_cast<std::size_t>(end)].observe(d.total);
  t.overhead.observe(d.overhead);
  if (d.ttft <= 0) return;
  by_label(t.targets, r.target).first_token.observe(d.ttft);
  if (r.facts.stream && r.usage.completion > 1)
    t.inter_token.observe(static_cast<std::int64_t>(
        static_cast<std::uint64_t>(std::max<std::int64_t>(d.total - d.ttft, 0)) /
        static_cast<std::uint64_t>(r.usage.completion - 1)));
}

// How far the count of the input was off, in millionths of what the provider counted.
void record_estimate(MetricsTables& t, const Receipt& r) {
  if (r.usage_source != UsageSource::provider || r.usage.prompt <= 0 ||
      r.estimate.input_tokens <= 0)
    return;
  const std::int64_t off = r.estimate.input_tokens - r.usage.prompt;
  constexpr std::int64_t off_max =
      1'000'000'000'000;  // beyond any real figure; keeps the product in range
  const std::size_t kind = r.estimate.quality.starts_with('e')   ? 0
                           : r.estimate.quality.starts_with('c') ? 1
                                                                 : 2;
  by_label(t.targets, r.target)
      .estimate_error[kind]
      .observe(std::min(off < 0 ? -off : off, off_max) * 1'000'000 / r.usage.prompt);
}

}  // namespace

WorkerMetrics::WorkerMetrics() : tables_(std::make_unique<MetricsTables>()) {}
WorkerMetrics::~WorkerMetrics() = default;

void WorkerMetrics::record(const Receipt& r) {
  MetricsTables& t = *tables_;
  t.requests[index(r.client_dialect, dialects_count)][index(r.call, calls_count)]
            [outcome_index(r.failed, r.error)]
                .add(1);
  record_times(t, r);
  record_attempts(t, r);
  record_estimate(t, r);
  if (!r.policy.empty()) {
    const bool denied = r.failed && r.error == ErrorKind::forbidden && r.attempts.empty();
    by_label(t.policies, r.policy_id)[denied].add(1);
  }
  if (!r.counterfactual_model.empty()) t.saved.add(r.saved.v);
  if (r.overrun.v != 0) t.overrun.add(r.overrun.v);
  for (std::uint64_t lost = r.dropped; lost != 0; lost &= lost - 1)
    t.dropped[static_cast<std::size_t>(std::countr_zero(lost))].add(1);
  if (r.retries != 0) t.retries.add(r.retries);
  if (r.escalated) t.escalations.add(1);
  if (r.client_abort == ClientAbort::before_first_byte) t.aborted_early.add(1);
  if (r.client_abort == ClientAbort::mid_stream) t.aborted_mid_stream.add(1);
}

Metrics::Metrics(std::size_t workers) {
  for (std::size_t i = 0; i < workers; ++i) workers_.push_back(std::make_unique<WorkerMetrics>());
}
Metrics::~Metrics() = default;

void WorkerMetrics::breakers_changed(std::span<const Tick> open_until) {
  for (std::size_t t = 0; t < open_until_.size(); ++t) {
    const std::int64_t until = t < open_until.size() ? open_until[t].ns : 0;
    open_until_[t].store(until, std::memory_order_relaxed);
  }
}

BreakerState WorkerMetrics::breaker(TargetId target, Tick now) const {
  const std::int64_t until = by_label(open_until_, target).load(std::memory_order_relaxed);
  if (until == 0) return BreakerState::closed;
  return now.ns < until ? BreakerState::open : BreakerState::half_open;
}

BreakerState Metrics::breaker(TargetId target, Tick now) const {
  BreakerState worst = BreakerState::closed;
  for (const auto& worker : workers_) worst = std::max(worst, worker->breaker(target, now));
  return worst;
}

namespace {

void merge(Counter& to, const Counter& from) {
  to.add(from.read());
}
template <std::int64_t F, std::size_t N>
void merge(Histogram<F, N>& to, const Histogram<F, N>& from);
void merge(TargetCounters& to, const TargetCounters& from);

template <class T, std::size_t N>
void merge(std::array<T, N>& to, const std::array<T, N>& from) {
  for (std::size_t i = 0; i < N; ++i) merge(to[i], from[i]);
}

template <std::int64_t F, std::size_t N>
void merge(Histogram<F, N>& to, const Histogram<F, N>& from) {
  merge(to.buckets, from.buckets);
  merge(to.sum, from.sum);
}

void merge(TargetCounters& to, const TargetCounters& from) {
  merge(to.attempts, from.attempts);
  merge(to.input, from.input);
  merge(to.input_cached, from.input_cached);
  merge(to.input_cache_write, from.input_cache_write);
  merge(to.output, from.output);
  merge(to.output_reasoning, from.output_reasoning);
  merge(to.web_searches, from.web_searches);
  merge(to.cost, from.cost);
  merge(to.first_token, from.first_token);
  merge(to.estimate_error, from.estimate_error);
}

}  // namespace

void merge(MetricsTables& to, const MetricsTables& from) {
  merge(to.requests, from.requests);
  merge(to.duration, from.duration);
  merge(to.overhead, from.overhead);
  merge(to.inter_token, from.inter_token);
  merge(to.saved, from.saved);
  merge(to.overrun, from.overrun);
  merge(to.escalations, from.escalations);
  merge(to.retries, from.retries);
  merge(to.aborted_early, from.aborted_early);
  merge(to.aborted_mid_stream, from.aborted_mid_stream);
  merge(to.dropped, from.dropped);
  merge(to.policies, from.policies);
  merge(to.failovers, from.failovers);
  merge(to.targets, from.targets);
}

}  // namespace steelyard::telemetry
