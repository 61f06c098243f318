#include "gateway/telemetry/decision_log.h"

#include <chrono>
#include <thread>
#include <utility>

#include "gateway/telemetry/line_ring.h"
#include "gateway/telemetry/log_writer.h"

namespace steelyard::telemetry {

DecisionLog::DecisionLog() = default;

DecisionLog::~DecisionLog() =
    default;  // members go in reverse: the writer stops before the rings are gone

Result<std::unique_ptr<DecisionLog>> DecisionLog::open(const DecisionLogOptions& options) {
  std::unique_ptr<DecisionLog> log(new DecisionLog());
  if (options.path.empty()) return log;
  for (std::size_t i = 0; i < options.workers; ++i)
    log->rings_.push_back(std::make_unique<LineRing>(options.ring_bytes));
  log->writer_ = std::make_unique<LogWriter>(options.path, LineRings(log->rings_));
  Result<void> started = log->writer_->start();
  if (!started) return fail(std::move(started).error());
  log->enabled_ = true;
  return log;
}

bool DecisionLog::append(std::size_t worker, std::string_view line) {
  if (!enabled_ || !rings_[worker]->push(line)) return false;
  writer_->notify();
  return true;
}

void DecisionLog::reopen() {
  if (enabled_) writer_->request_reopen();
}

bool DecisionLog::flush(int timeout_ms) {
  if (!enabled_) return true;
  std::vector<std::uint64_t> targets;
  for (const auto& ring : rings_) targets.push_back(ring->published());
  for (int waited = 0; waited <= timeout_ms; ++waited) {
    bool done = true;
    for (std::size_t i = 0; i < rings_.size(); ++i)
      done = done && rings_[i]->consumed() >= targets[i];
    if (done) return true;
    writer_->notify();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

std::uint64_t DecisionLog::dropped() const {
  std::uint64_t sum = writer_ ? writer_->torn() : 0;
  for (const auto& ring : rings_) sum += ring->dropped();
  return sum;
}

std::string DecisionLog::recent() const {
  return writer_ ? writer_->recent() : std::string();
}

std::uint64_t DecisionLog::written() const {
  return writer_ ? writer_->written() : 0;
}

std::uint64_t DecisionLog::write_errors() const {
  return writer_ ? writer_->errors() : 0;
}

}  // namespace steelyard::telemetry
