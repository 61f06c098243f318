#pragma once
// One thread's world: connections, provider pools, parser, counter, health, metrics. Everything in
// it is touched by its own thread only; the books are the one thing workers share.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "config/types/instant.h"
#include "gateway/net/io.h"
#include "gateway/net/wheel.h"
#include "gateway/overload.h"
#include "gateway/sys/clock.h"
#include "gateway/sys/random.h"
#include "router/ledger/ledger.h"
#include "router/tokens/counter.h"
#include "router/tokens/slice_hash.h"

namespace steelyard {

namespace router {
class CountMemo;
}

class Calibrations;
class Idempotency;
class KeptAnswers;
class SessionMemory;
class StateMemory;
class Outcomes;
class Plans;
class Session;
struct Runtime;
struct Serving;
struct WorkerTools;  // parser, counter, health, ...: worker_tools.h

namespace fleet {
class Agent;
}
namespace net {
class Dialer;
}  // namespace net
namespace store {
class Books;
}
namespace telemetry {
class DecisionLog;
class WorkerMetrics;
struct Receipt;
}  // namespace telemetry

// What the outside gives a worker; the simulator gives its own.
struct WorkerSeams {
  sys::Clock& clock;
  net::Dialer& dialer;
  store::Books& books;
  telemetry::WorkerMetrics& metrics;
  telemetry::DecisionLog* log = nullptr;            // null: receipts go to `on_receipt` only
  std::function<void(std::function<void()>)> post;  // runs work on this worker's thread, later
  std::function<void()> deadlines_wanted;           // the wheel was empty and is not any more
  std::function<void(const telemetry::Receipt&)> on_receipt;  // tests and the simulator
  std::size_t index = 0, worker_count = 1;
  std::uint64_t random_seed = 0;
  Calibrations* calibrations = nullptr;  // null: counts are the shipped ones
  KeptAnswers* kept = nullptr;           // null: answers are not remembered
  SessionMemory* sessions = nullptr;     // null: each turn is planned as if it were the first
  StateMemory* states = nullptr;         // null: who signed what is not remembered
  Idempotency* once = nullptr;           // null: idempotency keys mean nothing
  std::shared_ptr<router::CountMemo> memo = nullptr;  // of all workers; null: this one has its own
  Outcomes* outcomes = nullptr;                       // null: no task can be closed
  Plans* plans = nullptr;                             // null: no packs are sold
  fleet::Agent* fleet = nullptr;                      // null: budgets are this process's own
  std::int64_t (*thread_cpu_ns)() = nullptr;          // null: queues are not looked at
  std::size_t in_flight_default = SIZE_MAX;  // requests at once, where the configuration says none
};

class Worker {
 public:
  Worker(WorkerSeams seams, std::shared_ptr<const Runtime> runtime,
         std::unique_ptr<router::TokenCounter> counter);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // A client connected.
  void accept(std::unique_ptr<net::Connection> connection);
  // New configuration: later requests use it, running ones keep theirs.
  void install(std::shared_ptr<const Runtime> runtime);
  // No further requests: idle connections are closed, running requests go on.
  void begin_drain();
  // Ends what still runs, each client with an error in its own dialect.
  void end_streams();
  bool draining() const { return draining_; }
  std::size_t session_count() const { return sessions_.size(); }

  // Fires deadlines that are due. False: none are left, no more ticks needed.
  bool tick();
  void set_deadline(net::Deadline& deadline, std::int64_t from_now_ms);
  void set_deadline_at(net::Deadline& deadline, Tick due);

  // Shall who comes now be turned away?
  bool sheds() {
    return !overload_.calm() && overload_.sheds(static_cast<std::uint32_t>(random_.next() >> 32));
  }
  Overload& overload() { return overload_; }
  // Completes when it is this caller's turn to do what takes long: one at a time, and whoever is
  // ready meanwhile goes first. Nobody is told twice; the slot lives until then.
  void await_turn(net::IoSlot& slot);

  // A breaker of `serving` opened or closed: the metrics shall show it.
  void breakers_changed(const Serving& serving);

  const std::shared_ptr<Serving>& serving() const { return serving_; }
  WorkerSeams& seams() { return seams_; }
  WorkerTools& tools() { return *tools_; }
  net::Wheel& wheel() { return wheel_; }
  // Reading the clock costs; most deadlines are content with the last reading.
  Tick tick_now() { return last_tick_ = seams_.clock.tick(); }
  Tick last_tick() const { return last_tick_; }
  // The wall clock as of last_tick(): read every few milliseconds, carried on by the monotonic one.
  Instant now();
  router::RequestId new_request_id();

 private:
  friend class Session;
  void forget(Session& session);  // destroys it
  std::shared_ptr<Serving> begin_serving(std::shared_ptr<const Runtime> runtime);
  void prepare_counts();
  Overload::Limits overload_limits(const Runtime& runtime) const;
  void give_turn();

  WorkerSeams seams_;
  net::Wheel wheel_;
  sys::Random random_;
  std::unique_ptr<WorkerTools> tools_;
  std::shared_ptr<Serving> serving_;
  std::list<std::unique_ptr<Session>> sessions_;
  Tick last_tick_;  // at most one event old
  Instant wall_;    // at wall_tick_
  Tick wall_tick_{INT64_MIN / 2};
  bool draining_ = false;
  Overload overload_;
  std::deque<net::IoSlot*> turns_;  // whose body is large
};

}  // namespace steelyard
