#pragma once
// The journal being written. append() copies a record into a shared mapping of a file allocated
// ahead: no system call, and the record survives the process from that moment. Two threads of its
// own do the rest: one syncs to the disk in groups, the other makes segments ahead and folds
// finished ones into snapshots.
//
// When the disk fails: a full one heals (the next segment is tried every second); a failed sync is
// final for this process, because the kernel may have dropped the pages it could not write. In both
// cases healthy() is false, append() refuses and keep() remembers.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "router/ledger/event.h"

namespace steelyard::store {

class FileOps;

struct JournalOptions {
  std::string directory;
  std::size_t segment_bytes = 16u << 20;
  std::size_t segments_ahead = 2;
  std::size_t snapshot_bytes = 64u << 20;  // of finished segments, between two snapshots
  std::int64_t sync_interval_ms = 20;      // how long the first record of a group waits
  std::int64_t retry_ms = 1'000;           // after a failure to make a segment
  std::size_t kept_bytes_max = 64u << 20;
};

struct JournalStart {
  std::uint32_t next_segment = 1;
  std::uint64_t last_seq = 0;
  std::size_t finished_bytes = 0;  // already there since the last snapshot
};

struct JournalStatus {
  bool healthy = true;
  std::string error;
  std::uint64_t appended_seq = 0, durable_seq = 0;
  std::uint64_t kept_records = 0, dropped_records = 0;
  std::uint32_t segment = 0;       // being written
  std::size_t segments_ready = 0;  // made ahead of it
  bool at_rest = true;  // nothing is left to fold, and no more segments are wanted or can be made
};

class Journal {
 public:
  // Makes the first segment; the directory is this process's alone.
  static Result<std::unique_ptr<Journal>> open(FileOps& files, JournalOptions options,
                                               JournalStart start);
  ~Journal();  // syncs what was appended, ends the threads
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // From any thread. Returns the record's seq; 0: not written, healthy() is false now.
  std::uint64_t append(router::EventType type, Instant time, std::string_view payload);
  // For what has happened already and must not be lost: written now, or remembered until the
  // journal heals. Beyond JournalOptions::kept_bytes_max it is dropped and counted.
  void keep(router::EventType type, Instant time, std::string_view payload);

  bool healthy() const;
  bool durable(std::uint64_t seq) const;
  bool wait_durable(std::uint64_t seq);
  // True: nothing to wait for (on the disk, or the disk failed). False: `done` will be called,
  // once, from the sync thread. Either way durable() tells how it went.
  bool when_durable(std::uint64_t seq, void (*done)(void* context), void* context);
  Result<void> flush();
  JournalStatus status() const;

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::store
