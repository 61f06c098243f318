#pragma once
// Shared by server*.cpp and the admin pages: the object graph of the process.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/admin/admin_listener.h"
#include "gateway/alerts.h"
#include "gateway/calibrations.h"
#include "gateway/fleet/agent.h"
#include "gateway/idempotency.h"
#include "gateway/kept_answers.h"
#include "gateway/net/tcp.h"
#include "gateway/outcomes.h"
#include "gateway/runtime.h"
#include "gateway/server.h"
#include "gateway/session_memory.h"
#include "gateway/state_memory.h"
#include "gateway/store/books.h"
#include "gateway/sys/clock.h"
#include "gateway/telemetry/decision_log.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/worker.h"

namespace steelyard {

// One worker and the thread, loop and listener it lives on.
struct WorkerThread {
  net::EventLoop loop;
  std::unique_ptr<net::Dialer> dialer;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<net::Listener> listener;
  std::thread thread;
  std::atomic<std::size_t> sessions{0};  // as of its last report, while draining
};

struct Server::State {
  ServerOptions options;
  sys::SystemClock clock;
  std::unique_ptr<store::Books> books;
  std::unique_ptr<telemetry::Metrics> metrics;
  std::unique_ptr<Calibrations> calibrations;
  std::unique_ptr<KeptAnswers> kept;
  SessionMemory sessions;
  StateMemory states;
  Idempotency once;
  std::unique_ptr<Plans> plans;
  Tick calibrations_saved;
  std::unique_ptr<telemetry::DecisionLog> log;
  std::unique_ptr<Alerts> alerts;
  std::shared_ptr<const Runtime> runtime;  // main thread only
  net::EventLoop main_loop;
  std::unique_ptr<net::Signals> signals;  // caught from the moment the process says it is ready
  std::unique_ptr<fleet::Agent> fleet;    // null: alone; outlives the workers that ask it
  std::string fleet_error;                // as last logged
  std::vector<std::unique_ptr<WorkerThread>> workers;
  std::unique_ptr<Outcomes> outcomes;  // behind the workers: its thread posts to their loops
  std::unique_ptr<AdminListener> admin;
  std::size_t streams_max = SIZE_MAX;  // that open files allow
  std::uint64_t generation = 1;
  std::int64_t reloads = 0, reload_failures = 0, holds_expired = 0;
  bool last_reload_good = true;
  bool draining = false;
  Tick drain_until;
  bool ended_streams = false;

  Result<void> reload();  // main thread
  void begin_drain();
  Result<void> join_fleet();
  void watch_fleet();
  bool housekeeping();  // once a second; false: stop the main loop
};

}  // namespace steelyard
