#pragma once
// The books: reserve → dispatch → settle | void | extend | expire | adjust (research/reliability 2.2).
// A pure state machine: time comes in as values, every change is returned as an event, replaying the
// events rebuilds the state. Not thread-safe; the gateway keeps one per shard behind one mutex.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec/budget_spec.h"
#include "config/types/instant.h"
#include "config/types/limits.h"
#include "config/types/money.h"

namespace steelyard::router {

class ZoneTable;  // IANA zones as loaded by the gateway; router/ledger/zone.h

struct RequestId {
  std::uint64_t hi = 0, lo = 0;
  friend constexpr auto operator<=>(const RequestId&, const RequestId&) = default;
};

// One budget of one scope. Index into the ledger's table; never reused within a process.
struct AccountId {
  std::uint32_t v = 0;
  friend constexpr auto operator<=>(AccountId, AccountId) = default;
};

struct AccountSpec {
  std::string scope;  // "acme", "acme/search", "acme/search/search-prod"
  BudgetSpec budget;
};

struct HoldRef {  // slot and generation: stale references are recognised
  std::uint32_t slot = UINT32_MAX, generation = 0;
};

struct AttemptKey {  // one request id, several attempts
  RequestId request;
  std::uint8_t attempt = 0;
  friend constexpr auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

struct ReserveRequest {
  AttemptKey key;
  std::span<const AccountId> accounts;  // all levels; at most limits::windows_per_request_max
  NanoUsd amount;                       // worst case, never negative
  Instant now;                          // fixes the windows
  Tick lease_until;
};

// Why a hold was refused: the first account without room. All figures of its current window.
struct Denial {
  AccountId account;
  std::string_view scope;  // lives as long as the ledger
  WindowKind per = WindowKind::month;
  NanoUsd limit, posted, held, asked;
  Instant resets_at;       // INT64_MAX for a lifetime budget
};

enum class ReserveStatus : std::uint8_t { held, denied, exists };

struct ReserveOutcome {
  ReserveStatus status = ReserveStatus::denied;
  HoldRef hold;
  Denial denial;  // when denied
};

enum class HoldState : std::uint8_t { reserved, dispatched, posted, voided, expired, unknown };
enum class UsageSource : std::uint8_t { provider, estimated, recovered };

// What a terminal call did. `already` says that the hold had ended before; then nothing changed.
struct EndOutcome {
  bool already = false;
  HoldState state = HoldState::unknown;
  NanoUsd posted, overrun;  // overrun: what was billed above the hold
};

struct AccountView {  // one account's current window, for headers, metrics and `budget show`
  std::string_view scope;
  WindowKind per = WindowKind::month;
  NanoUsd limit, posted, held, overrun;
  Instant window_start, window_end;
};

class Ledger {
 public:
  explicit Ledger(std::shared_ptr<const ZoneTable> zones);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Installs or updates budgets; an account is known by (scope, per, time zone). A new limit applies
  // to the running window at once, usage is kept. Returns ids in the order given. Accounts no longer
  // named stay readable until their windows end but are in no chain.
  std::vector<AccountId> configure(std::span<const AccountSpec> accounts);

  // Check everything, then change everything (B8). Same key again: `exists`.
  ReserveOutcome reserve(const ReserveRequest& request);
  // The request is about to be written to a provider. False: not in state reserved.
  bool dispatch(HoldRef hold);
  // Books what the attempt cost and gives the rest back. May exceed the hold: posted in full, excess
  // recorded as overrun (B1).
  EndOutcome settle(HoldRef hold, NanoUsd actual, UsageSource source);
  // Nothing was billed.
  EndOutcome release(HoldRef hold);
  // Ends holds whose lease passed: reserved ones are voided, dispatched ones posted in full as
  // suspense (never refunded). Returns how many.
  std::size_t expire(Tick now);

  AccountView view(AccountId account, Instant now) const;
  std::size_t open_holds() const;
  std::size_t account_count() const;
  // Throws std::logic_error naming the account if B1, B2 or B5's bookkeeping does not hold.
  void check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::router
