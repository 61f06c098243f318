#include "gateway/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "gateway/admin/admin_pages.h"
#include "gateway/net/tls.h"
#include "gateway/server_state.h"
#include "gateway/sys/random.h"
#include "gateway/telemetry/log.h"
#include "router/ledger/unit.h"
#include "router/tokens/memo.h"
#include "router/tokens/vocabulary.h"

namespace steelyard {
namespace {

constexpr std::int64_t tick_ns = net::Wheel::resolution_ns;

// Thousands of streams need thousands of descriptors. How many there may be at once: each takes
// two.
std::size_t raise_file_limit() {
  constexpr rlim_t others = 128;  // journal, logs, listeners, admin
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return SIZE_MAX;
  if (limit.rlim_cur != limit.rlim_max) {
    const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  if (limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return (std::max(limit.rlim_cur, others + 32) - others) / 2;
}

void warn_of_file_limit(std::size_t streams, const OverloadSpec& overload) {
  constexpr std::size_t enough = 4'096;
  const std::size_t wanted =
      overload.in_flight > 0 ? static_cast<std::size_t>(overload.in_flight) : enough;
  if (streams >= wanted) return;
  telemetry::log_warn(
      "open files are limited to about {} requests at once{}: raise the hard limit (`ulimit -Hn`, "
      "LimitNOFILE=)",
      streams, overload.in_flight > 0 ? ", below overload.in_flight" : "");
}

router::MemoSeed memo_seed() {
  sys::Random random = sys::Random::from_kernel();
  router::MemoSeed seed;
  for (unsigned char& byte : seed) byte = static_cast<unsigned char>(random.next());
  return seed;
}

std::unique_ptr<router::TokenCounter> make_counter(
    const std::shared_ptr<const router::Vocabulary>& vocabulary,
    const std::shared_ptr<router::CountMemo>& memo) {
  auto exact = router::make_o200k_counter(vocabulary, sys::Random::from_kernel().next());
  return std::make_unique<router::MemoCounter>(std::move(exact), memo, vocabulary->number());
}

// Builds one worker on its (not yet running) loop.
Result<void> open_worker(Server::State& state, WorkerThread& thread, std::size_t index,
                         std::uint16_t port, std::shared_ptr<net::TlsContext> tls,
                         std::unique_ptr<router::TokenCounter> counter,
                         const std::shared_ptr<router::CountMemo>& memo) {
  thread.dialer = net::make_tcp_dialer(thread.loop);
  WorkerThread* self = &thread;
  WorkerSeams seams{
      .clock = state.clock,
      .dialer = *thread.dialer,
      .books = *state.books,
      .metrics = state.metrics->worker(index),
      .log = state.log.get(),
      .post = [self](std::function<void()> work) { self->loop.post(std::move(work)); },
      .deadlines_wanted =
          [self] {
            if (!self->loop.ticking())
              self->loop.start_ticking(tick_ns, [self] { return self->worker->tick(); });
          },
      .on_receipt = {},
      .index = index,
      .worker_count = state.metrics->workers(),
      .random_seed = sys::Random::from_kernel().next(),
      .calibrations = state.calibrations.get(),
      .kept = state.kept.get(),
      .sessions = &state.sessions,
      .states = &state.states,
      .once = &state.once,
      .memo = memo,
      .outcomes = state.outcomes.get(),
      .plans = state.plans.get(),
      .fleet = state.fleet.get(),
      .thread_cpu_ns = sys::thread_cpu_ns,
      .in_flight_default = state.streams_max};
  thread.worker = std::make_unique<Worker>(std::move(seams), state.runtime, std::move(counter));
  const ListenSpec& listen = state.runtime->spec.listen;
  auto listener = net::Listener::open(
      thread.loop, listen.host, port, std::move(tls),
      [self](std::unique_ptr<net::Connection> c) { self->worker->accept(std::move(c)); });
  if (!listener) return fail(listener.error());
  thread.listener = std::move(*listener);
  return {};
}

Result<void> open_workers(Server::State& state) {
  const GatewaySpec& spec = state.runtime->spec;
  std::shared_ptr<net::TlsContext> tls;
  if (spec.tls) {
    auto context = net::TlsContext::server(spec.tls->certificate, spec.tls->key);
    if (!context) return fail(context.error());
    tls = *context;
  }
  const auto vocabulary = router::load_o200k();
  if (!vocabulary)
    return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                "the linked vocabulary is damaged");
  const auto memo = std::make_shared<router::CountMemo>(memo_seed());
  std::uint16_t port = spec.listen.port;
  for (std::size_t i = 0; i < state.metrics->workers(); ++i) {
    auto thread = std::make_unique<WorkerThread>();
    const Result<void> opened =
        open_worker(state, *thread, i, port, tls, make_counter(vocabulary, memo), memo);
    if (!opened) return opened;
    port = thread->listener->port();  // port 0: the first worker's choice is everybody's
    state.workers.push_back(std::move(thread));
  }
  return {};
}

bool same_fleet(const std::optional<FleetSpec>& a, const std::optional<FleetSpec>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->host == b->host && a->port == b->port && a->database == b->database &&
         a->user == b->user && a->name == b->name && a->replica == b->replica &&
         a->beat_ms == b->beat_ms && a->wait_ms == b->wait_ms && a->lease_ms == b->lease_ms &&
         a->timeout_ms == b->timeout_ms && a->when_unreachable == b->when_unreachable &&
         a->password.value_or(Secret()).reveal() == b->password.value_or(Secret()).reveal();
}

std::size_t worker_count(const GatewaySpec& spec) {
  if (spec.workers > 0) return static_cast<std::size_t>(spec.workers);
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

std::uint16_t Server::port() const {
  return state_->workers.front()->listener->port();
}
std::uint16_t Server::admin_port() const {
  return state_->admin->port();
}

Result<std::unique_ptr<Server>> Server::open(ServerOptions options) {
  auto state = std::make_unique<State>();
  state->streams_max = raise_file_limit();
  state->signals = std::make_unique<net::Signals>(
      state->main_loop, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP, SIGUSR1});
  state->options = std::move(options);
  GatewaySpec spec = state->options.spec;
  const std::size_t workers = worker_count(spec);
  store::BooksOptions books_options;
  books_options.in_fleet = spec.fleet.has_value();
  auto books = store::Books::open(spec.ledger, state->clock.now(), books_options);
  if (!books) return fail(books.error());
  state->books = std::move(*books);
  state->once.configure(spec.idempotency);
  state->once.recover(state->books->known_keys());
  state->metrics = std::make_unique<telemetry::Metrics>(workers);
  const std::string& home = spec.ledger.directory;
  state->calibrations =
      std::make_unique<Calibrations>(home.empty() ? std::string() : home + "/token-calibration");
  state->kept =
      std::make_unique<KeptAnswers>(home.empty() ? std::string() : home + "/kept-answers");
  state->states.open(home.empty() ? std::string() : home + "/signed-states", state->clock.now());
  auto outcomes = Outcomes::open(home);
  if (!outcomes) return fail(outcomes.error());
  state->outcomes = std::move(*outcomes);
  auto plans = Plans::open(home);
  if (!plans) return fail(plans.error());
  state->plans = std::move(*plans);
  telemetry::DecisionLogOptions log;
  log.path = spec.log.decisions;
  log.workers = workers;
  auto opened = telemetry::DecisionLog::open(log);
  if (!opened) return fail(opened.error());
  state->log = std::move(*opened);
  state->alerts = std::make_unique<Alerts>(spec.alerts);
  if (const auto level = telemetry::parse_log_level(spec.log.level))
    telemetry::configure_log(*level);
  warn_of_file_limit(state->streams_max, spec.overload);
  auto runtime = build_runtime(std::move(spec), *state->books, state->metrics->labels(),
                               state->clock.now(), state->generation);
  if (!runtime) return fail(runtime.error());
  state->runtime = *runtime;
  state->plans->charge_seats(state->runtime->plans, *state->books, state->clock.now());
  if (const Result<void> joined = state->join_fleet(); !joined) return fail(joined.error());
  if (const Result<void> done = open_workers(*state); !done) return fail(done.error());
  State* self = state.get();
  const ListenSpec& admin = state->runtime->spec.admin.listen;
  auto listener = AdminListener::open(
      state->main_loop, admin.host, admin.port,
      [self](net::Method method, std::string_view target, std::string_view key) {
        return admin_page(*self, method, target, key);
      });
  if (!listener) return fail(listener.error());
  state->admin = std::move(*listener);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Result<void> Server::State::reload() {
  ++reloads;
  const auto give_up = [this](const Error& error) {
    ++reload_failures;
    last_reload_good = false;
    telemetry::log_error("configuration not reloaded, the running one stays: {}", error.context);
    return fail(error);
  };
  Result<GatewaySpec> spec = options.reload();
  if (!spec) return give_up(spec.error());
  if (!same_fleet(spec->fleet, runtime->spec.fleet))
    return give_up(Error(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
                         "`fleet` cannot change while the process runs: restart it"));
  auto next =
      build_runtime(std::move(*spec), *books, metrics->labels(), clock.now(), generation + 1);
  if (!next) return give_up(next.error());
  ++generation;
  last_reload_good = true;
  runtime = *next;
  alerts->configure(runtime->spec.alerts);
  once.configure(runtime->spec.idempotency);
  for (const auto& thread : workers) {
    WorkerThread* self = thread.get();
    self->loop.post([self, installed = runtime] { self->worker->install(installed); });
  }
  telemetry::log_info("configuration {} installed", runtime->spec.digest.substr(0, 12));
  return {};
}

void Server::State::begin_drain() {
  if (draining) return;
  draining = true;
  drain_until = clock.tick().plus_ms(runtime->spec.timeouts.drain);
  telemetry::log_info("draining: no further requests, open ones may take {} s",
                      runtime->spec.timeouts.drain / 1000);
  for (const auto& thread : workers) {
    WorkerThread* self = thread.get();
    self->sessions = 1;
    self->loop.post([self] {
      self->listener->close();
      self->worker->begin_drain();
      self->sessions = self->worker->session_count();
    });
  }
}

// Behind the first configuration: its budgets are what is shared.
Result<void> Server::State::join_fleet() {
  const GatewaySpec& spec = runtime->spec;
  if (!spec.fleet) return {};
  auto agent = fleet::Agent::open(*spec.fleet, spec.ledger.directory, *books, clock);
  if (!agent) return fail(agent.error());
  fleet = std::move(*agent);
  watch_fleet();
  return {};
}

// Says when the store is lost and found.
void Server::State::watch_fleet() {
  if (fleet == nullptr) return;
  const fleet::AgentStatus status = fleet->status();
  if (status.error == fleet_error) return;
  fleet_error = status.error;
  if (status.error.empty())
    telemetry::log_info("fleet: the store answers `{}`, {} replicas", status.replica, status.live);
  else
    telemetry::log_warn("fleet: {}", status.error);
}

bool Server::State::housekeeping() {
  const Tick now = clock.tick();
  holds_expired += static_cast<std::int64_t>(books->expire(now, clock.now()));
  plans->charge_seats(runtime->plans, *books, clock.now());
  watch_fleet();
  std::vector<store::CrossingReport> crossings;
  if (books->take_crossings(crossings, clock.now())) {
    for (const store::CrossingReport& c : crossings) {
      if (router::is_fee(c.scope)) continue;  // seats are paid in full from the first day
      telemetry::log_warn("budget `{}` reached {} % of its limit", c.scope, c.percent);
      alerts->send(c, clock.now());
    }
  }
  if (now >= calibrations_saved.plus_ms(60'000)) {
    calibrations->save();
    kept->save();
    states.save(clock.now());
    calibrations_saved = now;
  }
  if (!draining) return true;
  std::size_t left = 0;
  for (const auto& thread : workers) {
    WorkerThread* self = thread.get();
    left += self->sessions;
    self->loop.post([self] { self->sessions = self->worker->session_count(); });
  }
  if (left == 0) return false;
  if (now < drain_until) return true;
  if (ended_streams) return now < drain_until.plus_ms(5'000);
  ended_streams = true;
  for (const auto& thread : workers) {
    WorkerThread* self = thread.get();
    self->loop.post([self] { self->worker->end_streams(); });
  }
  return true;
}

void Server::stop() {
  state_->main_loop.post([this] { state_->begin_drain(); });
}

void Server::run() {
  State& state = *state_;
  state.signals->start([&state](int number) {
    if (number == SIGHUP) {
      (void)state.reload();
    } else if (number == SIGUSR1) {
      state.log->reopen();
    } else {
      state.begin_drain();
    }
  });
  for (const auto& thread : state.workers) {
    WorkerThread* self = thread.get();
    thread->thread = std::thread([self] { self->loop.run(); });
  }
  constexpr std::int64_t idle_period = 1'000'000'000, drain_period = 50'000'000;
  state.main_loop.start_ticking(idle_period, [&state] {
    const bool was_draining = state.draining;
    const bool go_on = state.housekeeping();
    if (!go_on) state.main_loop.stop();
    if (was_draining) state.main_loop.set_tick_period(drain_period);
    return go_on;
  });
  state.main_loop.run();
  for (const auto& thread : state.workers) thread->loop.stop();
  for (const auto& thread : state.workers) thread->thread.join();
  if (state.fleet != nullptr) state.fleet->stop();
  (void)state.books->flush();
  state.calibrations->save();
  state.kept->save();
  state.states.save(state.clock.now());
}

}  // namespace steelyard
