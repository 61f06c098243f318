// The journal's two threads.
#include <chrono>

#include "gateway/store/compaction.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/journal_state.h"

namespace steelyard::store {

// Waits for a first record, gathers a group for a moment, syncs, says so; over and over.
void Journal::State::sync_loop() {
  std::unique_lock lock(mutex);
  while (true) {
    while (!sync_stopping && (sync_failed || wanted_seq <= durable_seq)) {
      sync_idle = true;
      sync_wake.wait(lock);
    }
    sync_idle = false;
    if (sync_stopping && (sync_failed || wanted_seq <= durable_seq)) return;
    const auto gathered = [&] { return sync_stopping || sync_now; };
    sync_wake.wait_for(lock, std::chrono::milliseconds(options.sync_interval_ms), gathered);
    sync_now = false;
    sync_once(lock);
  }
}

void Journal::State::sync_once(std::unique_lock<ShortLock>& lock) {
  const std::uint64_t target = appended_seq;
  std::vector<std::shared_ptr<Segment>> segments = std::exchange(full, {});
  const std::size_t full_count = segments.size();
  segments.push_back(active);
  lock.unlock();
  int failed = 0;
  for (const std::shared_ptr<Segment>& segment : segments)
    if (failed == 0) failed = segment->sync(files);
  lock.lock();

  std::vector<Waiter> done;
  if (failed == 0) {
    durable_seq.store(target, std::memory_order_release);
    finished.insert(finished.end(), segments.begin(),
                    segments.begin() + static_cast<std::ptrdiff_t>(full_count));
    // A record of what is durable: should an earlier record be found damaged, this one proves that
    // it is damage and not the torn end of a power cut.
    char payload[8];
    const std::size_t size = encode(payload, router::SyncedEvent{target});
    if (active->has_room(size)) append(router::EventType::synced, Instant{0}, {payload, size});
    std::erase_if(waiters, [&](const Waiter& w) {
      if (w.seq <= target) done.push_back(w);
      return w.seq <= target;
    });
  } else {
    sync_failed = true;
    error = "sync failed: " + error_text(failed);
    update_health();
    done.swap(waiters);
  }
  synced.notify_all();
  if (full_count > 0) house_wake.notify_one();
  lock.unlock();
  for (const Waiter& waiter : done) waiter.done(waiter.context);
  lock.lock();
}

void Journal::State::house_loop() {
  std::unique_lock lock(mutex);
  while (true) {
    const auto work = [&] { return house_stopping || !finished.empty() || wants_segments(); };
    house_idle = true;
    if (last_made) {
      house_wake.wait(lock, work);
    } else {
      // Short of a segment: try again in a while, or when a segment has been finished.
      const auto retry = std::chrono::milliseconds(options.retry_ms);
      house_wake.wait_for(lock, retry, [&] { return house_stopping || !finished.empty(); });
    }
    house_idle = false;
    if (!finished.empty()) {
      finish_segment(lock);
      continue;
    }
    if (house_stopping) {
      while (!kept.empty() && make_segment(lock)) {
      }
      return;
    }
    last_made = !wants_segments() || make_segment(lock);
  }
}

bool Journal::State::make_segment(std::unique_lock<ShortLock>& lock) {
  const std::uint32_t index = next_segment;
  lock.unlock();
  Result<std::shared_ptr<Segment>> made =
      Segment::make(files, options.directory, index, options.segment_bytes);
  lock.lock();
  if (!made) {
    if (!sync_failed) error = made.error().context;
    return false;
  }
  ++next_segment;
  ready.push_back(std::move(*made));
  if (no_room) {
    no_room = false;
    write_kept();
    sync_wake.notify_one();
  }
  if (!no_room && !sync_failed) error.clear();
  update_health();
  return true;
}

void Journal::State::finish_segment(std::unique_lock<ShortLock>& lock) {
  const std::shared_ptr<Segment> segment = std::move(finished.front());
  finished.pop_front();
  finished_bytes += segment->used();
  const bool fold = finished_bytes >= options.snapshot_bytes;
  if (fold) finished_bytes = 0;
  lock.unlock();
  segment->trim(files);
  Result<void> folded;
  if (fold) folded = compact(files, options.directory, segment->index());
  lock.lock();
  // Not fatal: the segments stay and the next try folds them too.
  if (!folded && error.empty()) error = folded.error().context;
}

}  // namespace steelyard::store
