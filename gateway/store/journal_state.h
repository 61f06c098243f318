#pragma once
// Inside of Journal: included by journal.cpp and journal_threads.cpp only.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/store/journal.h"
#include "gateway/store/segment.h"
#include "gateway/store/short_lock.h"

namespace steelyard::store {

struct Journal::State {
  struct Kept {
    router::EventType type;
    Instant time;
    std::string payload;
  };
  struct Waiter {
    std::uint64_t seq;
    void (*done)(void*);
    void* context;
  };

  State(FileOps& f, JournalOptions o) : files(f), options(std::move(o)) {}

  FileOps& files;
  const JournalOptions options;

  std::atomic<bool> healthy{true};
  std::atomic<std::uint64_t> durable_seq{0};

  mutable ShortLock mutex;  // all below
  std::shared_ptr<Segment> active;
  std::deque<std::shared_ptr<Segment>> ready;     // made ahead
  std::vector<std::shared_ptr<Segment>> full;     // not synced since the last append
  std::deque<std::shared_ptr<Segment>> finished;  // synced; to be trimmed and folded
  std::uint64_t appended_seq = 0;
  std::uint64_t wanted_seq = 0;  // last record that is worth a sync: any but `synced`
  std::uint32_t next_segment = 1;
  std::size_t finished_bytes = 0;
  bool sync_failed = false;  // final
  bool no_room = false;      // heals
  std::string error;
  std::deque<Kept> kept;
  std::size_t kept_bytes = 0;
  std::uint64_t dropped = 0;
  std::vector<Waiter> waiters;

  std::condition_variable_any sync_wake, house_wake, synced;
  bool sync_idle = false;  // the sync thread waits for a first record
  bool sync_now = false;   // somebody waits: do not gather a group
  bool sync_stopping = false, house_stopping = false;
  bool house_idle = false;  // the other thread waits for work
  bool last_made = true;    // the last segment it wanted
  std::thread sync_thread, house_thread;

  // With the mutex held.
  std::uint64_t append(router::EventType type, Instant time, std::string_view payload);
  bool next_active();
  bool wants_segments() const { return ready.size() < options.segments_ahead; }
  void update_health() { healthy = !sync_failed && !no_room && kept.empty(); }
  void write_kept();

  void sync_loop();
  void sync_once(std::unique_lock<ShortLock>& lock);
  void house_loop();
  bool make_segment(std::unique_lock<ShortLock>& lock);
  void finish_segment(std::unique_lock<ShortLock>& lock);
};

}  // namespace steelyard::store
