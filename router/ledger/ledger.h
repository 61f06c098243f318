#pragma once
// The books: reserve → dispatch → extend → settle | release | expire.
// A pure state machine: time comes in as values, nothing is read or written. Not thread-safe; the
// gateway keeps one per shard behind one mutex (gateway/store/books.h) and writes an event
// (event.h) for every change that must survive the process.
#include <array>
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
#include "config/types/result.h"

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

// What makes an account the same one over reloads and restarts. A lifetime budget has no calendar,
// hence no zone. `starts`: BudgetSpec::starts; 1 is what a window without one begins on.
std::string account_identity(std::string_view scope, WindowKind per, std::string_view time_zone,
                             std::uint8_t starts = 1, std::int64_t rolling_s = 0);
inline std::string account_identity(const AccountSpec& spec) {
  const BudgetSpec& budget = spec.budget;
  return account_identity(spec.scope, budget.per, budget.time_zone, budget.starts,
                          budget.rolling_s);
}

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
  NanoUsd limit;  // what is enforced: the budget's limit, or what was approved of it
  NanoUsd posted, held, asked;
  Instant resets_at;  // INT64_MAX for a lifetime budget; rolling: when `asked` may fit
  std::int32_t needs_approval = 0;  // the threshold that an operator has to approve, percent
};

enum class ReserveStatus : std::uint8_t {
  held,
  denied,   // `denial` says which budget has no room
  exists,   // this key was reserved before; `hold` refers to it, nothing changed
  refused,  // the caller's mistake (negative amount, unknown or repeated account) or the table is
            // full
};

struct ReserveOutcome {
  ReserveStatus status = ReserveStatus::refused;
  HoldRef hold;
  Denial denial;  // when denied
};

enum class HoldState : std::uint8_t {
  reserved,
  dispatched,
  posted,
  voided,
  expired,  // the lease passed after dispatch: posted in full as suspense
  unknown,  // ended so long ago that its slot was used again
};
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
  NanoUsd limit;  // of this window: the budget's and what it was topped up by
  NanoUsd posted, held, overrun, credit;
  Instant window_start, window_end;
  AccountId account;
  bool hard = true;               // false: over the limit is only a warning
  NanoUsd enforced;               // see Denial::limit; INT64_MAX when not hard
  std::int32_t percent_used = 0;  // posted / limit, rounded down; 100 when the limit is zero
  std::string_view max_tier;      // of the highest `max_tier` threshold reached; "": none
  std::string_view paced_tier;    // the best tier that its pace allows; "": any

  // What the next hold may take; negative after an overrun, INT64_MAX when not hard.
  constexpr NanoUsd remaining() const {
    return hard ? enforced - posted - held : NanoUsd{INT64_MAX};
  }
};

// A threshold was reached. Said once per window and threshold.
struct Crossing {
  AccountId account;
  std::string_view scope;
  WindowKind per = WindowKind::month;
  std::int32_t percent = 0;  // the threshold's, not the use
  ThresholdAction action = ThresholdAction::warn;
  std::string_view max_tier;  // as long as the ledger
  NanoUsd limit, posted;
  Instant window_start, window_end;
  bool asked = false;  // not reached: a request was refused because nobody approved of passing it
};

// The window of one account that a hold counts against, fixed at reserve.
struct WindowRef {
  AccountId account;
  Instant start, end;
};

// All that a journal needs to write a hold down.
struct HoldView {
  AttemptKey key;
  HoldState state = HoldState::unknown;
  NanoUsd amount;
  Instant reserved_at;
  std::uint32_t window_count = 0;
  std::array<WindowRef, limits::windows_per_request_max> windows;
};

// One window's balance as a journal remembers it.
struct WindowBalance {
  Instant start, end;
  NanoUsd posted, held, overrun;
  std::int32_t fired = 0;     // highest threshold said so far, percent
  NanoUsd credit;             // topped up by
  std::int32_t approved = 0;  // highest threshold an operator approved of passing
  std::int32_t asked = 0;     // highest threshold an approval was asked for
  friend bool operator==(const WindowBalance&, const WindowBalance&) = default;
};

struct ExpiredHold {
  HoldRef hold;
  AttemptKey key;
  NanoUsd amount;
  HoldState state = HoldState::unknown;  // voided (was reserved) or expired (was dispatched)
  bool governed = false;                 // counted against at least one account
  std::uint32_t window_count = 0;
  std::array<WindowRef, limits::windows_per_request_max> windows;
};

// What a fleet's store says of one window: how much of its limit this process may use (`room`, all
// that it has used so far included), and what the others did.
struct FleetShare {
  NanoUsd room;
  NanoUsd posted, held;  // of the others; held: what they may still be billed for
  NanoUsd credit;        // the others' top-ups
  friend bool operator==(const FleetShare&, const FleetShare&) = default;
};

// The running window of an account of a fleet.
struct FleetWindow {
  AccountId account;
  Instant start, end;
  NanoUsd limit;                 // without top-ups; INT64_MAX: not hard
  NanoUsd posted, held, credit;  // of this process
  FleetShare share;
  NanoUsd used() const { return posted + held; }
};

struct DispatchPayload {
  std::size_t bytes = 0;
  Instant reserved_at;
};

class Ledger {
 public:
  Ledger();
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Whether configure() would take these.
  static Result<void> check(std::span<const AccountSpec> accounts, const ZoneTable& zones);
  // Installs or updates budgets; an account is known by (scope, per, time zone). A new limit
  // applies to the running window at once, usage is kept. Returns ids in the order given. Accounts
  // no longer named stay readable. Fails, changing nothing, on a zone missing from `zones`, a
  // negative limit, or two budgets of one identity.
  Result<std::vector<AccountId>> configure(std::span<const AccountSpec> accounts,
                                           const ZoneTable& zones);
  // Puts back what a journal remembers (`held` is ignored: its holds have ended). Before any
  // reserve on this account; a window older than one already there is ignored.
  void restore(AccountId account, const WindowBalance& balance);

  // Check everything, then change everything. A hold of zero needs no room.
  ReserveOutcome reserve(const ReserveRequest& request);
  // The request is about to be written to a provider. False: not in state reserved.
  bool dispatch(HoldRef hold);
  // Books what the attempt cost (never negative) and gives the rest back. May exceed the hold:
  // posted in full, excess recorded as overrun.
  EndOutcome settle(HoldRef hold, NanoUsd actual, UsageSource source);
  // Nothing was billed.
  EndOutcome release(HoldRef hold);
  // The attempt will cost more than was thought: its hold grows by `more` (never negative) in every
  // window it counts against, or in none (denied, and the hold stays as it was). refused: it has
  // ended. A window that has closed since reserve() has the limit it closed with; of a rolling one,
  // every window that holds the moment of reserve() needs the room. No clock: whether a further
  // window has been opened since makes no difference.
  ReserveOutcome extend(HoldRef hold, NanoUsd more);
  // The attempt makes progress: its lease ends later. False: it has ended.
  bool renew(HoldRef hold, Tick lease_until);
  // Ends holds whose lease passed: reserved ones are voided, dispatched ones posted in full as
  // suspense (never refunded). Appends them to `ended`; returns how many.
  std::size_t expire(Tick now, std::vector<ExpiredHold>* ended = nullptr);

  // Corrects a window in memory: late usage, an invoice, a reset (`posted`, which stays at least
  // zero), a top-up (`credit`: more room in this window; may be negative). False: there is no such
  // window, or the sum would be negative or too large; nothing changed.
  bool adjust(AccountId account, Instant window_start, NanoUsd posted, NanoUsd credit);
  // The start of the running window, which is opened if need be.
  Instant current_window(AccountId account, Instant now);
  // Lets the running window pass its lowest `require_approval` threshold that was not approved.
  // Returns that threshold in percent; 0: none is left.
  std::int32_t approve(AccountId account, Instant now);
  // Another limit than the configured one, until configure() says a new one.
  void set_limit(AccountId account, NanoUsd limit);

  // The budgets are shared with other processes: a window that blocks has no room but what
  // give_share() says. Before the first configure(); rolling budgets and approvals are not for it.
  void join_fleet();
  bool in_fleet() const;
  // False: the account's running window is another one, or there is none; nothing changed.
  bool give_share(AccountId account, Instant window_start, const FleetShare& share);
  // Gives up room that is not used, down to `most`. Returns what has to count as granted from now
  // on: the room that is left, or what is posted and held if that is more (billed above a hold, or
  // recovered; it becomes room only when give_share() says so). Below zero: the window is another
  // one.
  NanoUsd limit_share(AccountId account, Instant window_start, NanoUsd most);
  // False: no window was opened yet.
  bool fleet_window(AccountId account, FleetWindow& out) const;
  // account_identity() of what it was configured with; as long as the ledger.
  std::string_view identity(AccountId account) const;

  // False: the reference is stale; `out` is untouched.
  bool describe(HoldRef hold, HoldView& out) const;
  HoldState state_of(HoldRef hold) const;
  // Null: stale. Valid until the next reserve.
  const AttemptKey* key_of(HoldRef hold) const;
  // Writes the payload of the hold's dispatch event (event.h; payload_bytes_max); `numbers` are the
  // journal's account numbers by AccountId. Zero bytes: the hold is not in state reserved.
  DispatchPayload write_dispatch(HoldRef hold, std::span<const std::uint32_t> numbers,
                                 char* out) const;
  AccountView view(AccountId account, Instant now) const;
  void view(AccountId account, Instant now, AccountView& out) const;  // the same, in place
  // The best tier that the budgets still allow: what view() says of the account with the highest
  // use that caps it, without looking at accounts below their thresholds. "": no cap.
  std::string_view tier_cap(std::span<const AccountId> accounts, Instant now) const;
  // Tiers that budgets ahead of their pace still allow (BudgetSpec::pace): of each the one of the
  // highest step reached. Returns how many were written to `out`.
  std::size_t pace_caps(std::span<const AccountId> accounts, Instant now,
                        std::span<std::string_view> out) const;
  // All windows still in memory: the newest, and older ones with open holds; of a rolling budget
  // all its buckets. Oldest first.
  std::vector<WindowBalance> windows(AccountId account) const;
  std::size_t open_holds() const;
  std::size_t account_count() const;

  // Thresholds reached since the last clear_crossings(), oldest first.
  std::span<const Crossing> crossings() const;
  void clear_crossings();

  // Empty, or names the account and the invariant that does not hold: posted + held within the
  // limit plus recorded overruns; held equal to the sum of open holds; no window without an owner.
  std::string check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::router
