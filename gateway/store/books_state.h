#pragma once
// Inside of Books: included by books.cpp and books_open.cpp only.
#include <atomic>
#include <deque>
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
#include "router/ledger/zone.h"

namespace steelyard::store {

// An `each` budget: one account for every name that appears.
struct Family {
  std::string scope;  // "acme/search/user:"; a name follows
  BudgetSpec budget;
  std::map<std::string, router::AccountId, std::less<>> members;  // by encoded name
};

struct alignas(64) Shard {
  mutable ShortLock mutex;
  router::Ledger ledger;
  std::vector<std::uint32_t> numbers;      // the journal's, by AccountId
  std::vector<router::ExpiredHold> ended;  // reused by expire()
  std::deque<Family> families;             // never removed: conditions refer to them by index
  std::vector<bool> is_member;             // by AccountId: of a family
  // Expired and posted in full: a bill that comes late after all corrects them. Bounded.
  std::map<router::AttemptKey, router::ExpiredHold> suspense;
};

// An account as the journal knows it.
struct JournalAccount {
  std::uint32_t number = 0;
  NanoUsd limit;                                 // as configured
  NanoUsd set_limit{-1};                         // by an operator; -1: not
  std::vector<router::WindowBalance> recovered;  // until the ledger has them, oldest first
};

struct Books::State {
  LedgerSpec spec;
  BooksOptions options;
  FileOps own_files;
  std::optional<DirectoryLock> lock;  // before the journal: released last
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<bool> crossed{false};
  RateLimits rates;
  std::vector<router::KnownKey> known_keys;  // as of the start

  std::mutex configure_mutex;                                   // the two below
  std::map<std::string, JournalAccount, std::less<>> accounts;  // by identity
  std::uint32_t next_number = 0;
  router::ZoneTable zones;  // of the newest configuration

  BooksStatus at_start;              // the recovered_* figures
  std::unique_ptr<Journal> journal;  // null: memory only; last, so that it ends first

  Result<void> recover(FileOps& files, Instant now);
  Result<std::vector<std::uint32_t>> install_all(Shard& shard,
                                                 std::span<const router::AccountSpec> specs,
                                                 Instant now);
  void install(Shard& shard, std::span<const router::AccountSpec> specs,
               std::span<const router::AccountId> ids, Instant now);
  // Twice missed, a renewal still comes in time.
  Tick renewal_after(Tick tick) const { return tick.plus_ms(spec.lease_ms / 3); }
  Shard& shard_of(const BookHold& hold) { return *shards[hold.shard]; }
  void keep(router::EventType type, Instant time, std::string_view payload) {
    if (journal) journal->keep(type, time, payload);
  }
  // books_scopes.cpp; with the configuration's and the shard's lock held.
  std::uint32_t family_of(Shard& shard, const std::string& scope, const BudgetSpec& budget,
                          Instant now);
  Result<router::AccountId> add_member(Shard& shard, Family& family, std::string_view name,
                                       Instant now);
  ChainStatus add_names(Shard& shard, const Condition& condition, const Spender& spender,
                        Instant now, bool may_create, Chain& chain);
  ChainStatus extend(Shard& shard, std::span<const Condition> conditions, const Spender& spender,
                     Instant now, bool may_create, Chain& chain);
  // With the shard's lock held.
  router::EndOutcome settle(Shard& shard, const BookHold& hold, NanoUsd actual,
                            router::UsageSource source, Instant now);
  Result<void> adjust(Shard& shard, router::AccountId id, router::AdjustReason reason,
                      NanoUsd amount, std::string_view note, Instant now);
  void settle_late(Shard& shard, const BookHold& hold, NanoUsd actual, NanoUsd posted, Instant now);
  // `specs` with the limits that operators set.
  std::vector<router::AccountSpec> in_force(std::span<const router::AccountSpec> specs) const;
  static void look(const Shard& shard, const Chain& chain, Instant now, ChainView& out);
  void notice_crossings(const Shard& shard) {
    if (!shard.ledger.crossings().empty()) crossed.store(true, std::memory_order_release);
  }
};

}  // namespace steelyard::store
