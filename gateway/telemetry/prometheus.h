#pragma once
// Prometheus text exposition 0.0.4 (content type `text/plain; version=0.0.4; charset=utf-8`).
// Metric names, labels and help texts are listed in gateway/telemetry/README.md, which a test
// compares with what is printed.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "gateway/telemetry/metrics.h"
#include "router/ledger/ledger.h"

namespace steelyard::telemetry {

struct BreakerGauge {
  std::string_view provider, model;
  BreakerState state = BreakerState::closed;
};

// What the caller knows and the worker blocks do not. Views need to live for the call only.
struct ScrapeInput {
  std::string_view version, commit, config_digest;
  Instant config_loaded;  // last successful load
  bool config_last_reload_successful = true;
  std::int64_t config_reloads = 0, config_reload_failures = 0;  // since start
  std::span<const router::AccountView> budgets;                 // all accounts, current windows
  std::span<const NanoUsd> spent;                               // of each, by this process
  Instant now;                                                  // of the budgets' views
  std::span<const BreakerGauge> breakers;                       // of what can be served now
  std::int64_t reservations_expired = 0;  // holds whose lease passed, since start
  std::int64_t open_holds = 0;
  struct Fleet {
    bool reachable = false;
    std::int64_t replicas = 0;
    std::uint64_t calls = 0, failures = 0, granted = 0, refused = 0, unanswered = 0;
  };
  std::optional<Fleet> fleet;  // nothing: this process is alone
  std::uint64_t log_lines_dropped = 0, log_lines_written = 0, log_write_errors = 0;
};

inline constexpr std::string_view prometheus_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

// Appends the whole page to `out`. Takes the label lock; reads /proc/self. Admin thread only.
void write_prometheus(std::string& out, const Metrics& metrics, const ScrapeInput& input);

// Appends `text` as a label value: backslash, quote and LF escaped.
void append_label_value(std::string& out, std::string_view text);

}  // namespace steelyard::telemetry
