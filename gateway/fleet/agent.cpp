#include "gateway/fleet/agent.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/fleet/redis_server.h"
#include "gateway/fleet/replica_file.h"
#include "gateway/fleet/sharing.h"
#include "gateway/sys/clock.h"

namespace steelyard::fleet {
namespace {

constexpr std::int64_t poll_ms = 20;         // while somebody waits
constexpr std::int64_t prepared_ms = 2'000;  // that prepare() keeps room for its request
constexpr int rounds_max = 32;               // of calls that follow each other at once

}  // namespace

struct Agent::State {
  struct Waiting {
    Asking* asking = nullptr;  // null: prepare()
    Need need;
    Tick until;
    bool answered = false;  // told to try again; its room is still its own
  };

  FleetSpec spec;
  std::string directory;
  ReplicaIdentity identity;
  const sys::Clock& clock;
  store::Books& books;
  std::unique_ptr<Server> server;
  std::unique_ptr<Sharing> sharing;  // the thread's
  std::string replica;

  mutable std::mutex mutex;  // all below
  std::condition_variable wake;
  std::map<std::uint64_t, Waiting> waiting;  // by number: in the order they came
  std::vector<std::function<void()>> tasks;
  AgentStatus status;
  std::uint64_t last_number = 0;
  bool wanted = false;  // somebody asked since the last round
  bool stopping = false, silent = true;
  std::thread thread;

  State(const FleetSpec& s, const sys::Clock& c, store::Books& b) : spec(s), clock(c), books(b) {}
  void loop();
  void round();
  void answer(const std::vector<std::uint64_t>& asked, bool reached, Tick tick);
  void tell(Waiting& one, Answer answer);
  void note();
  std::int64_t pause(std::int64_t failures) const;
};

// The beat; longer while the store does not answer; shorter while somebody waits.
std::int64_t Agent::State::pause(std::int64_t failures) const {
  std::int64_t ms = spec.beat_ms;
  if (failures > 0)
    ms = std::clamp(spec.beat_ms << std::min<std::int64_t>(failures, 5), spec.beat_ms,
                    std::max(spec.beat_ms, spec.lease_ms / 4));
  const Tick now = clock.tick();
  for (const auto& [number, one] : waiting) {
    if (one.answered) continue;
    if (failures == 0) ms = std::min(ms, poll_ms);
    ms = std::min(ms, std::max<std::int64_t>((one.until - now) / 1'000'000, 0) + 1);
  }
  return ms;
}

void Agent::State::loop() {
  std::int64_t failures = 0;
  for (;;) {
    round();
    failures = sharing->status().reachable ? 0 : failures + 1;
    std::vector<std::function<void()>> now;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, std::chrono::milliseconds(pause(failures)),
                  [this] { return stopping || wanted || !tasks.empty(); });
    wanted = false;
    now.swap(tasks);
    const bool ends = stopping;
    lock.unlock();
    for (const std::function<void()>& task : now) task();
    if (ends) return;
  }
}

void Agent::State::round() {
  for (int i = 0; i < rounds_max; ++i) {
    std::vector<std::uint64_t> asked;
    std::vector<Need> needs;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [number, one] : waiting) {
        asked.push_back(number);
        needs.push_back(one.need);
      }
    }
    const Result<void> done = sharing->sync(clock.tick(), needs);
    if (!done) sharing->lapse(clock.tick());
    if (done && !identity.known) identity.known = note_known(directory, identity).has_value();
    note();
    answer(asked, done.has_value(), clock.tick());
    if (!done || !sharing->again()) return;
  }
}

void Agent::State::note() {
  const SharingStatus& now = sharing->status();
  const bool quiet = sharing->silent(clock.tick());
  const std::lock_guard lock(mutex);
  silent = quiet;
  status.reachable = !quiet;
  status.learning = now.learning;
  status.error = now.error;
  status.live = now.live;
  status.calls = now.calls;
  status.failures = now.failures;
}

// With the lock held: the request may be gone as soon as it is let go.
void Agent::State::tell(Waiting& one, Answer answer) {
  if (answer == Answer::try_again) ++status.granted;
  if (answer == Answer::none) ++status.refused;
  if (answer == Answer::unreachable) ++status.unanswered;
  one.answered = true;
  one.asking->done(one.asking->context, answer);
}

void Agent::State::answer(const std::vector<std::uint64_t>& asked, bool reached, Tick tick) {
  const std::span<const Prospect> prospects = sharing->prospects();
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto place = waiting.find(asked[i]);
    if (place == waiting.end()) continue;
    Waiting& one = place->second;
    const bool late = tick >= one.until;
    if (one.asking == nullptr) {
      if (late) waiting.erase(place);
      continue;
    }
    if (one.answered) continue;
    if (prospects[i] == Prospect::ready)
      tell(one, Answer::try_again);
    else if (reached && prospects[i] == Prospect::none)
      tell(one, Answer::none);
    else if (!reached && (late || silent))
      tell(one, Answer::unreachable);
    else if (late)
      tell(one, status.learning ? Answer::unreachable : Answer::none);
  }
}

Agent::Agent(std::unique_ptr<State> state) : state_(std::move(state)) {}

Agent::~Agent() {
  stop();
}

Result<std::unique_ptr<Agent>> Agent::open(const FleetSpec& spec, const std::string& directory,
                                           store::Books& books, const sys::Clock& clock,
                                           std::unique_ptr<Server> server) {
  const Result<ReplicaIdentity> identity = replica_identity(directory);
  if (!identity) return fail(identity.error());
  auto state = std::make_unique<State>(spec, clock, books);
  state->directory = directory;
  state->identity = *identity;
  state->server = server ? std::move(server) : std::make_unique<RedisServer>(spec);
  state->replica = spec.replica.empty() ? default_replica_name(identity->id) : spec.replica;
  state->status.replica = state->replica;
  SharingOptions options;
  options.fleet = spec.name;
  options.replica = state->replica;
  options.id = identity->id;
  options.generation = identity->generation;
  options.nonce = new_id();
  options.known = identity->known;
  options.lease_ms = spec.lease_ms;
  options.refresh_ms = std::max<std::int64_t>(1'000, spec.beat_ms);
  options.lapses = spec.when_unreachable == WhenUnreachable::refuse;
  state->sharing = std::make_unique<Sharing>(books, *state->server, std::move(options));
  State* const self = state.get();
  books.open_fleet_windows(clock.now());
  self->round();
  if (self->sharing->name_taken())
    return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                self->sharing->status().error);
  self->thread = std::thread([self] { self->loop(); });
  return std::unique_ptr<Agent>(new Agent(std::move(state)));
}

std::optional<Answer> Agent::ask(Asking& asking) {
  State& s = *state_;
  const Tick now = s.clock.tick();
  const bool hopeless =
      s.books.fleet_room(asking.chain, asking.amount) == store::FleetRoom::nowhere;
  const std::lock_guard lock(s.mutex);
  const bool first = asking.number == 0;
  if (first) {
    ++s.status.waited;
    asking.until = now.plus_ms(s.spec.wait_ms);
    asking.number = ++s.last_number;
  }
  std::optional<Answer> now_known;
  if (s.stopping || hopeless || (!first && now >= asking.until)) now_known = Answer::none;
  if (!now_known && s.silent) now_known = Answer::unreachable;
  if (now_known) {
    s.waiting.erase(asking.number);
    ++(*now_known == Answer::none ? s.status.refused : s.status.unanswered);
    return now_known;
  }
  s.waiting[asking.number] = {&asking, {asking.chain, asking.amount}, asking.until, false};
  s.wanted = true;
  s.wake.notify_one();
  return std::nullopt;
}

void Agent::withdraw(Asking& asking) {
  const std::lock_guard lock(state_->mutex);
  state_->waiting.erase(asking.number);
}

void Agent::prepare(const store::Chain& chain, NanoUsd amount) {
  State& s = *state_;
  const Tick until = s.clock.tick().plus_ms(prepared_ms);
  const std::lock_guard lock(s.mutex);
  if (s.stopping) return;
  s.waiting[++s.last_number] = {nullptr, {chain, amount}, until, true};
  s.wanted = true;
  s.wake.notify_one();
}

void Agent::stop() {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    if (s.stopping) return;
    s.stopping = true;
    for (auto& [number, one] : s.waiting)
      if (one.asking != nullptr && !one.answered) s.tell(one, Answer::none);
    s.waiting.clear();
    s.wake.notify_one();
  }
  s.thread.join();
  (void)s.sharing->leave(s.clock.tick());
}

Result<NanoUsd> Agent::forget(const std::string& replica) {
  State& s = *state_;
  const auto bad = [](ErrorKind kind, const std::string& what) {
    return Error(kind, ErrorSource::gateway, Retry::never, what);
  };
  if (replica == s.replica)
    return fail(bad(ErrorKind::bad_request, "`" + replica + "` is this process itself"));
  std::promise<Result<NanoUsd>> promise;
  auto work = [&] { promise.set_value(s.sharing->forget(replica)); };
  {
    const std::lock_guard lock(s.mutex);
    if (s.stopping) return fail(bad(ErrorKind::storage, "the process ends"));
    s.tasks.emplace_back(work);
    s.wake.notify_one();
  }
  return promise.get_future().get();
}

AgentStatus Agent::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->status;
}

bool Agent::ready() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->silent || state_->spec.when_unreachable == WhenUnreachable::use_slice;
}

}  // namespace steelyard::fleet
