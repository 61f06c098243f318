#include "gateway/store/journal.h"

#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/journal_state.h"

namespace steelyard::store {

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Journal>> Journal::open(FileOps& files, JournalOptions options,
                                               JournalStart start) {
  auto state = std::make_unique<State>(files, std::move(options));
  State& s = *state;
  Result<std::shared_ptr<Segment>> first =
      Segment::make(files, s.options.directory, start.next_segment, s.options.segment_bytes);
  if (!first) return fail(first.error());
  s.active = std::move(*first);
  s.next_segment = start.next_segment + 1;
  s.appended_seq = s.wanted_seq = start.last_seq;
  s.durable_seq = start.last_seq;
  s.finished_bytes = start.finished_bytes;
  s.sync_thread = std::thread([&s] { s.sync_loop(); });
  s.house_thread = std::thread([&s] { s.house_loop(); });
  return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

Journal::~Journal() {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    s.house_stopping = true;
  }
  s.house_wake.notify_all();
  s.house_thread.join();  // has written what was kept, if it could
  (void)flush();
  {
    const std::lock_guard lock(s.mutex);
    s.sync_stopping = true;
  }
  s.sync_wake.notify_all();
  s.sync_thread.join();
  s.active->trim(s.files);
  // What was made ahead is not needed; the next start would remove it too. Last first and no
  // further than it goes: a gap would look like a lost segment.
  while (!s.ready.empty() &&
         s.files.remove(segment_path(s.options.directory, s.ready.back()->index())) == 0)
    s.ready.pop_back();
}

// The active segment is full: go on in the next one, if there is one.
bool Journal::State::next_active() {
  if (ready.empty()) {
    no_room = true;
    if (error.empty()) error = "no segment is ready to be written";
    update_health();
    house_wake.notify_one();
    return false;
  }
  full.push_back(std::move(active));
  active = std::move(ready.front());
  ready.pop_front();
  house_wake.notify_one();
  return true;
}

std::uint64_t Journal::State::append(router::EventType type, Instant time,
                                     std::string_view payload) {
  if (!active->has_room(payload.size()) && !next_active()) return 0;
  active->append({++appended_seq, time, type, payload});
  if (type != router::EventType::synced) wanted_seq = appended_seq;
  return appended_seq;
}

std::uint64_t Journal::append(router::EventType type, Instant time, std::string_view payload) {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (!s.healthy.load(std::memory_order_relaxed)) return 0;
  const std::uint64_t seq = s.append(type, time, payload);
  const bool wake = s.sync_idle;
  s.sync_idle = false;
  lock.unlock();
  if (wake) s.sync_wake.notify_one();
  return seq;
}

void Journal::keep(router::EventType type, Instant time, std::string_view payload) {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  // After a failed sync the mapping is still the best place: it survives this process.
  const bool in_order = s.kept.empty() && !s.no_room;
  if (in_order && s.append(type, time, payload) != 0) {
    const bool wake = s.sync_idle;
    s.sync_idle = false;
    lock.unlock();
    if (wake) s.sync_wake.notify_one();
    return;
  }
  // Later records name the account: it is never dropped.
  const bool needed = type == router::EventType::account;
  if (!needed && s.kept_bytes + payload.size() > s.options.kept_bytes_max) {
    ++s.dropped;
    return;
  }
  s.kept_bytes += payload.size();
  s.kept.push_back({type, time, std::string(payload)});
  s.update_health();
}

// There is room again. Order matters: what was kept goes before anything new.
void Journal::State::write_kept() {
  while (!kept.empty()) {
    const Kept& first = kept.front();
    if (append(first.type, first.time, first.payload) == 0) return;
    kept_bytes -= first.payload.size();
    kept.pop_front();
  }
}

bool Journal::healthy() const {
  return state_->healthy.load(std::memory_order_relaxed);
}

bool Journal::durable(std::uint64_t seq) const {
  return state_->durable_seq.load(std::memory_order_acquire) >= seq;
}

bool Journal::wait_durable(std::uint64_t seq) {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  s.sync_now = true;
  s.sync_idle = false;
  s.sync_wake.notify_one();
  s.synced.wait(lock, [&] { return s.sync_failed || s.durable_seq >= seq; });
  return s.durable_seq >= seq;
}

bool Journal::when_durable(std::uint64_t seq, void (*done)(void* context), void* context) {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    if (s.durable_seq >= seq || s.sync_failed) return true;
    s.waiters.push_back({seq, done, context});
    s.sync_now = true;
    s.sync_idle = false;
  }
  s.sync_wake.notify_one();
  return false;
}

Result<void> Journal::flush() {
  std::uint64_t seq;
  {
    const std::lock_guard lock(state_->mutex);
    seq = state_->wanted_seq;
  }
  const bool done = wait_durable(seq);
  const JournalStatus now = status();
  if (done && now.healthy) return {};
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
              "the ledger cannot be written: " + now.error);
}

JournalStatus Journal::status() const {
  const State& s = *state_;
  const std::lock_guard lock(s.mutex);
  const bool at_rest = s.house_idle && s.finished.empty() && (!s.last_made || !s.wants_segments());
  return {s.healthy, s.error,           s.appended_seq, s.durable_seq, s.kept.size(),
          s.dropped, s.active->index(), s.ready.size(), at_rest};
}

}  // namespace steelyard::store
