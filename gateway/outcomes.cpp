#include "gateway/outcomes.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "gateway/store/append_log.h"
#include "gateway/telemetry/log.h"
#include "policies/name_table.h"

namespace steelyard {

using reports::TaskResult;

namespace {

// Tasks whose closing is remembered; older ones can be closed again. Some 100 bytes each.
constexpr std::size_t remembered_max = 1'000'000;

// Of organisation and task, in 128 bits: two tasks with one hash do not happen.
struct TaskId {
  std::uint64_t a = 0, b = 0;
  bool operator==(const TaskId&) const = default;
};
struct TaskIdHash {
  std::size_t operator()(const TaskId& id) const { return static_cast<std::size_t>(id.a); }
};

TaskId id_of(const Outcome& outcome) {
  const std::string text = outcome.organisation + '\n' + outcome.task;
  return {policies::stable_hash(text), policies::stable_hash("2\n" + text)};
}

struct Closed {
  TaskResult result = TaskResult::success;
  NanoUsd value;
  Instant at;
};

}  // namespace

struct Outcomes::State {
  struct Waiting {
    Outcome outcome;
    std::function<void(Closing, Instant)> done;
  };

  store::FileOps own_files;
  store::AppendLog log;
  // The thread's own.
  std::unordered_map<TaskId, Closed, TaskIdHash> closed;
  std::deque<TaskId> order;

  mutable std::mutex mutex;  // all below but the thread
  std::condition_variable wake;
  std::deque<Waiting> waiting;
  std::uint64_t count = 0;
  bool stopping = false;
  std::thread thread;

  void remember(const Outcome& outcome) {
    const TaskId id = id_of(outcome);
    if (!closed.try_emplace(id, Closed{outcome.result, outcome.value, outcome.closed}).second)
      return;
    order.push_back(id);
    if (order.size() <= remembered_max) return;
    closed.erase(order.front());
    order.pop_front();
  }
  Closing take(const Outcome& outcome, Instant& at);
  void loop();
};

Closing Outcomes::State::take(const Outcome& outcome, Instant& at) {
  at = outcome.closed;
  const auto known = closed.find(id_of(outcome));
  if (known != closed.end()) {
    at = known->second.at;
    const bool same =
        known->second.result == outcome.result && known->second.value == outcome.value;
    return same ? Closing::already : Closing::conflict;
  }
  if (const Result<void> written = log.append(reports::outcome_line(outcome)); !written) {
    telemetry::log_error("the outcome of a task was not kept: {}", written.error().context);
    return Closing::failed;
  }
  remember(outcome);
  return Closing::closed;
}

void Outcomes::State::loop() {
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return stopping || !waiting.empty(); });
    if (waiting.empty()) return;
    Waiting next = std::move(waiting.front());
    waiting.pop_front();
    lock.unlock();
    Instant at;
    const Closing how = take(next.outcome, at);
    next.done(how, at);
    lock.lock();
    count = order.size();
  }
}

Outcomes::Outcomes(std::unique_ptr<State> state) : state_(std::move(state)) {
  State* const s = state_.get();
  s->thread = std::thread([s] { s->loop(); });
}

Result<std::unique_ptr<Outcomes>> Outcomes::open(const std::string& ledger, store::FileOps* files) {
  auto state = std::make_unique<State>();
  if (!ledger.empty()) {
    std::uint64_t bad_lines = 0;
    Result<store::AppendLog> log = store::AppendLog::open(
        reports::outcomes_path(ledger), files != nullptr ? *files : state->own_files,
        [&](std::string_view line) {
          Outcome outcome;
          if (reports::parse_outcome_line(line, outcome))
            state->remember(outcome);
          else
            ++bad_lines;
        });
    if (!log) return fail(log.error());
    if (bad_lines != 0)
      telemetry::log_warn("{} lines of `{}` are no outcomes", bad_lines,
                          reports::outcomes_path(ledger));
    state->log = std::move(*log);
    state->count = state->order.size();
  }
  return std::unique_ptr<Outcomes>(new Outcomes(std::move(state)));
}

Outcomes::~Outcomes() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

void Outcomes::close(Outcome outcome, std::function<void(Closing, Instant)> done) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.push_back({std::move(outcome), std::move(done)});
  }
  state_->wake.notify_all();
}

std::uint64_t Outcomes::count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

}  // namespace steelyard
