#pragma once
// The books as the request path uses them: every budget of every organisation, thread-safe and
// durable. Sharded by organisation; a shard is one Ledger behind one mutex. One journal for all
// shards: a dispatch is in it before dispatch() returns, so a killed process forgets no money that
// a provider may bill.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/spec/budget_spec.h"
#include "config/types/instant.h"
#include "config/types/limits.h"
#include "config/types/money.h"
#include "config/types/result.h"
#include "gateway/store/rates.h"
#include "router/ledger/event.h"
#include "router/ledger/ledger.h"

namespace steelyard {
struct LedgerSpec;
}

namespace steelyard::store {

class FileOps;

// The budgets one key's requests count against: organisation, team, key; all windows. A small value
// that lives in the runtime configuration. Empty: no budget applies, every reserve is held.
struct Chain {
  std::uint16_t shard = 0;
  std::uint16_t count = 0;
  std::array<router::AccountId, limits::windows_per_request_max> accounts;
  bool empty() const { return count == 0; }
  std::span<const router::AccountId> span() const { return {accounts.data(), count}; }
};

// A budget that counts some of a key's requests only: of one user, tag or model, or each by itself.
struct Condition {
  BudgetOf of = BudgetOf::all;
  std::string name;           // user or tag; a glob for a model
  router::AccountId account;  // of a name that the configuration says
  std::uint32_t family = 0;   // of `each`: into the shard's families
};

// Chains in the order of the configuration: one per key.
struct KeyChain {
  std::string organisation, team, key;
  Chain chain;  // what counts every request
  std::vector<Condition> conditions;
};

// What conditions look at. An empty user counts as one without a name; an empty model is not known
// yet, and budgets by model are left out.
struct Spender {
  std::string_view user, model;
  std::string_view tags;  // "a, b"
};

enum class ChainStatus : std::uint8_t {
  complete,
  too_many,     // more budgets than one request may have (limits::windows_per_request_max)
  names_new,    // never returned
  names_full,   // `beyond: refuse`, and `names_max` names have a budget already
  ledger_down,  // a new name, and the journal cannot be written
};

// A hold somewhere in the books. Copyable; stale ones are recognised.
struct BookHold {
  router::HoldRef ref;
  std::uint16_t shard = 0;
  bool governed = false;  // counts against at least one budget
  Tick renew_at;          // a third of its lease is over: renew() it if it is still wanted
};

enum class Admission : std::uint8_t {
  held,
  denied,       // `denial`: 429 or 402, with the reset time
  exists,       // this attempt was reserved before
  refused,      // the caller's mistake, or too many open holds
  ledger_down,  // the journal cannot be written: 503, nothing may be spent
};

struct Reservation {
  Admission status = Admission::refused;
  BookHold hold;
  router::Denial denial;
};

enum class DispatchStatus : std::uint8_t { sent, stale, ledger_down };

struct Dispatched {
  DispatchStatus status = DispatchStatus::stale;
  std::uint64_t seq = 0;  // 0: nothing to wait for; else see when_durable()
};

// Accounts from `count` on are raw memory: most chains have three, and every request has a view.
struct ChainView {
  ChainView() noexcept {}
  ChainView(const ChainView& other) noexcept { *this = other; }
  ChainView& operator=(const ChainView& other) noexcept {
    count = other.count;
    remaining = other.remaining;
    max_tier = other.max_tier;
    std::copy_n(other.accounts.begin(), count, accounts.begin());
    return *this;
  }

  union {
    std::array<router::AccountView, limits::windows_per_request_max> accounts;
  };
  std::uint16_t count = 0;
  NanoUsd remaining{INT64_MAX};  // smallest over hard budgets; INT64_MAX: no hard budget
  std::string_view max_tier;     // of the account with the highest use that caps the tier; "": none
};

// The little of a ChainView that a plan needs, at a fraction of its cost.
struct Headroom {
  NanoUsd remaining{INT64_MAX};
  std::string_view max_tier;
};

// A crossing with its own strings: outlives the lock.
struct CrossingReport {
  std::string scope, max_tier;
  WindowKind per = WindowKind::month;
  std::int32_t percent = 0;
  ThresholdAction action = ThresholdAction::warn;
  NanoUsd limit, posted;
  Instant window_start, window_end;
  bool asked = false;  // an approval is needed: see router::Crossing
};

// Which budget an operator means.
struct BudgetName {
  std::string scope;              // "acme/search"
  std::optional<WindowKind> per;  // may be left out when the scope has one budget
};

struct BooksStatus {
  bool healthy = true;
  std::string error;  // why not
  std::uint64_t appended_seq = 0, durable_seq = 0;
  std::size_t segments_ready = 0;  // JournalStatus, as the next one
  bool at_rest = true;
  std::uint64_t kept_records = 0;     // settles waiting in memory for the journal to heal
  std::uint64_t dropped_records = 0;  // beyond that bound; a restart posts their holds in full
  std::uint64_t recovered_holds =
      0;  // at start: dispatched before a crash, posted in full as suspense
  std::uint64_t recovered_records = 0;  // at start: replayed after the snapshot
  std::uint64_t cut_bytes = 0;          // at start: torn tail that was dropped
};

struct BooksOptions {
  std::string zone_directory = "/usr/share/zoneinfo";
  std::size_t shards = 16;                 // 1 to 256; may change between runs
  std::size_t segment_bytes = 16u << 20;   // 64 KiB to 1 GiB
  std::size_t snapshot_bytes = 64u << 20;  // journal written between two snapshots
  std::int64_t sync_interval_ms = 20;      // how long a record may wait for the disk (relaxed)
  std::int64_t retry_ms = 1'000;           // how often a full disk is tried again
  FileOps* files = nullptr;                // null: the real ones
  bool in_fleet = false;                   // Ledger::join_fleet()
};

// A fleet's budget window in this process, and where it is.
struct FleetSlice {
  std::size_t shard = 0;
  router::FleetWindow window;
};
// Where a request's money is, as far as this process knows.
enum class FleetRoom : std::uint8_t { here, elsewhere, nowhere };

class Books {
 public:
  // Reads the directory of `spec` (made if absent), replays it, posts what was in flight when the
  // last process ended. Fails on corruption, on a directory in use by another process, on I/O
  // errors. An empty directory name: memory only.
  static Result<std::unique_ptr<Books>> open(const LedgerSpec& spec, Instant now,
                                             BooksOptions options = {});
  ~Books();  // flushes
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;

  // Installs the budgets of a configuration and returns the chain of each key. Usage is kept; see
  // Ledger::configure. Fails before changing anything.
  Result<std::vector<KeyChain>> configure(std::span<const OrganisationSpec> organisations,
                                          Instant now);

  // Adds the budgets of `conditions` that count a request of `spender`. A name that is new to an
  // `each` budget gets an account of its own: the one case in which anything is allocated.
  ChainStatus extend(Chain& chain, std::span<const Condition> conditions, const Spender& spender,
                     Instant now);

  // `tick` starts the lease (LedgerSpec::lease_ms).
  Reservation reserve(const Chain& chain, const router::AttemptKey& key, NanoUsd amount,
                      Instant now, Tick tick);
  // Call before the first byte goes to the provider; only `sent` allows it to go.
  Dispatched dispatch(const BookHold& hold);
  router::EndOutcome settle(const BookHold& hold, NanoUsd actual, router::UsageSource source,
                            Instant now);
  // And how the budgets of `chain` stand then, at the price of one lock.
  router::EndOutcome settle(const BookHold& hold, NanoUsd actual, router::UsageSource source,
                            Instant now, const Chain& chain, ChainView& after);
  router::EndOutcome release(const BookHold& hold, Instant now);
  // More for an attempt under way: Ledger::extend(). `held`: the journal knows it. Nothing else
  // changed what the hold was. ledger_down: as denied, but nobody can say how much room there is.
  Reservation extend(const BookHold& hold, NanoUsd more, Instant now);
  // A lease from `tick` on; moves hold.renew_at too. False: the hold has ended
  // already.
  bool renew(BookHold& hold, Tick tick);
  // Ends holds whose lease passed; call about once a second from one thread.
  std::size_t expire(Tick tick, Instant now);

  // Strict durability without blocking the caller. True: nothing to wait for. False: `done` will be
  // called, once, with `context`, from the sync thread (it must only post a message). Either way
  // ask durable() then: the disk may have failed, and only a dispatch that is durable may go to the
  // provider.
  bool when_durable(std::uint64_t seq, void (*done)(void* context), void* context);
  bool durable(std::uint64_t seq) const;
  // Blocks. False: the disk failed.
  bool wait_durable(std::uint64_t seq);

  // What an operator does to the running window of one budget. `amount`: added to what is posted
  // (correction; negative gives back), to the room (top_up), ignored (reset: nothing is posted any
  // more). Written to the journal first. Fails when the budget is not there or not the only one
  // meant, when the sum would be below zero, when the journal cannot be written.
  Result<router::AccountView> adjust(const BudgetName& budget, router::AdjustReason reason,
                                     NanoUsd amount, std::string_view note, Instant now);
  // Lets the running window pass its lowest threshold that still requires approval. Fails when
  // there is none.
  Result<router::AccountView> approve(const BudgetName& budget, std::string_view note, Instant now);
  // Another limit at once; in force until the configuration says a new one.
  Result<router::AccountView> set_limit(const BudgetName& budget, NanoUsd limit, Instant now);

  ChainView view(const Chain& chain, Instant now) const;
  Headroom headroom(const Chain& chain, Instant now) const;
  // headroom().max_tier alone.
  std::string_view tier_cap(const Chain& chain, Instant now) const;
  // Tiers that budgets ahead of their pace still allow; how many were written to `out`.
  std::size_t pace_caps(const Chain& chain, Instant now, std::span<std::string_view> out) const;
  // Of every budget; `names`: also those that each user, tag or model has by itself (there may be
  // very many). string_views live as long as the books.
  // `own`, of each: what this process posted; in a fleet the views count all.
  std::vector<router::AccountView> all_views(Instant now, bool names = true,
                                             std::vector<NanoUsd>* own = nullptr) const;
  // Thresholds reached since the last call, each once per window, over restarts too. Cheap when
  // none.
  bool take_crossings(std::vector<CrossingReport>& out, Instant now);

  // A request with an idempotency key begins: in the journal before it can be charged.
  void note_key(const router::KnownKey& key, Instant now);
  // Keys of earlier processes whose requests were charged.
  const std::vector<router::KnownKey>& known_keys() const;

  // Limits by requests and tokens, beside the money.
  RateLimits& rates();

  // For gateway/fleet; books_share.cpp. Never per request, unless its own room did not suffice.
  bool in_fleet() const;
  // Opens the running window of every budget: what a process of this directory was granted before
  // is given back for each, used or not.
  void open_fleet_windows(Instant now);
  // Every budget with a running window: visit(FleetSlice), a few at a time under one lock.
  void visit_fleet(const std::function<void(const FleetSlice&)>& visit) const;
  std::string identity(std::size_t shard, router::AccountId account) const;
  // Ledger::limit_share() and give_share() of the window that `slice` is about.
  NanoUsd limit_share(const FleetSlice& slice, NanoUsd most);
  bool give_share(const FleetSlice& slice, const router::FleetShare& share);
  // nowhere: the fleet has spent so much that no process can have room for it.
  FleetRoom fleet_room(const Chain& chain, NanoUsd amount) const;

  bool healthy() const;
  BooksStatus status() const;
  std::size_t open_holds() const;
  // Everything so far is on the disk, or an error.
  Result<void> flush();
  std::string check_invariants() const;  // empty: all hold

 private:
  struct State;
  explicit Books(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::store
