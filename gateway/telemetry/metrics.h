#pragma once
// Counters and histograms: one block per worker, one writer each, summed at scrape. Recording a
// request is plain adds.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "config/types/instant.h"
#include "gateway/telemetry/counter.h"
#include "gateway/telemetry/labels.h"

namespace steelyard::telemetry {

struct Receipt;

struct MetricsTables;  // metrics_tables.h

// As printed. Half open: the next request may go and see.
enum class BreakerState : std::uint8_t { closed = 0, half_open = 1, open = 2 };

// What one worker counts. All calls from that worker's thread.
class WorkerMetrics {
 public:
  WorkerMetrics();
  ~WorkerMetrics();
  WorkerMetrics(const WorkerMetrics&) = delete;
  WorkerMetrics& operator=(const WorkerMetrics&) = delete;

  // Once per request, when its receipt is final.
  void record(const Receipt& receipt);

  void connection_opened() { connections_.add(1); }
  void connection_closed() { connections_.add(-1); }
  void request_started() { requests_in_flight_.add(1); }
  void request_ended() { requests_in_flight_.add(-1); }
  void stream_started() { streams_.add(1); }
  void stream_ended() { streams_.add(-1); }

  // How the breakers of the configuration in force stand, when one of them changed: by TargetId,
  // the tick until which it is open; {0}: closed. Targets not in it are closed.
  void breakers_changed(std::span<const Tick> open_until);
  // Any thread.
  BreakerState breaker(TargetId target, Tick now) const;

  const MetricsTables& tables() const { return *tables_; }
  std::int64_t connections() const { return connections_.read(); }
  std::int64_t requests_in_flight() const { return requests_in_flight_.read(); }
  std::int64_t streams() const { return streams_.read(); }

 private:
  std::unique_ptr<MetricsTables> tables_;
  Counter connections_, requests_in_flight_, streams_;
  std::array<std::atomic<std::int64_t>, targets_max> open_until_{};
};

// The blocks of all workers and the names behind their numbers. Made once per process.
class Metrics {
 public:
  explicit Metrics(std::size_t workers);
  ~Metrics();

  WorkerMetrics& worker(std::size_t index) { return *workers_[index]; }
  std::size_t workers() const { return workers_.size(); }
  const WorkerMetrics& worker(std::size_t index) const { return *workers_[index]; }
  Labels& labels() { return labels_; }
  const Labels& labels() const { return labels_; }
  // Health belongs to workers: the one that sees it worst. Any thread.
  BreakerState breaker(TargetId target, Tick now) const;

 private:
  Labels labels_;
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;
};

}  // namespace steelyard::telemetry
