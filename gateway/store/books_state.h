#pragma once
// Inside of Books: included by books.cpp and books_open.cpp only.
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "config/spec/gateway_spec.h"
#include "gateway/store/books.h"
#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"
#include "gateway/store/journal.h"
#include "gateway/store/short_lock.h"
#include "router/ledger/balances.h"

namespace steelyard::store {

struct alignas(64) Shard {
  mutable ShortLock mutex;
  router::Ledger ledger;
  std::vector<std::uint32_t> numbers;      // the journal's, by AccountId
  std::vector<router::ExpiredHold> ended;  // reused by expire()
  // Expired and posted in full: a bill that comes late after all corrects them. Bounded.
  std::map<router::AttemptKey, router::ExpiredHold> suspense;
};

// An account as the journal knows it.
struct JournalAccount {
  std::uint32_t number = 0;
  NanoUsd limit;                                   // as configured
  NanoUsd set_limit{-1};                           // by an operator; -1: not
  std::optional<router::WindowBalance> recovered;  // until the ledger has it
};

struct Books::State {
  LedgerSpec spec;
  BooksOptions options;
  FileOps own_files;
  std::optional<DirectoryLock> lock;  // before the journal: released last
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<bool> crossed{false};

  std::mutex configure_mutex;                                   // the two below
  std::map<std::string, JournalAccount, std::less<>> accounts;  // by identity
  std::uint32_t next_number = 0;

  BooksStatus at_start;              // the recovered_* figures
  std::unique_ptr<Journal> journal;  // null: memory only; last, so that it ends first

  Result<void> recover(FileOps& files, Instant now);
  void install(Shard& shard, std::span<const router::AccountSpec> specs,
               std::span<const router::AccountId> ids, Instant now);
  // Twice missed, a renewal still comes in time.
  Tick renewal_after(Tick tick) const { return tick.plus_ms(spec.lease_ms / 3); }
  Shard& shard_of(const BookHold& hold) { return *shards[hold.shard]; }
  void keep(router::EventType type, Instant time, std::string_view payload) {
    if (journal) journal->keep(type, time, payload);
  }
  // With the shard's lock held.
  router::EndOutcome settle(Shard& shard, const BookHold& hold, NanoUsd actual,
                            router::UsageSource source, Instant now);
  void settle_late(Shard& shard, const BookHold& hold, NanoUsd actual, NanoUsd posted, Instant now);
  // `specs` with the limits that operators set.
  std::vector<router::AccountSpec> in_force(std::span<const router::AccountSpec> specs) const;
  static void look(const Shard& shard, const Chain& chain, Instant now, ChainView& out);
  void notice_crossings(const Shard& shard) {
    if (!shard.ledger.crossings().empty()) crossed.store(true, std::memory_order_release);
  }
};

}  // namespace steelyard::store
