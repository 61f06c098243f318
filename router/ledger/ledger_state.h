#pragma once
// Inside of Ledger: accounts, their windows, the holds. Included by the ledger_*.cpp files only.
#include <deque>
#include <map>
#include <set>
#include <string>

#include "router/ledger/amounts.h"
#include "router/ledger/hold_table.h"
#include "router/ledger/ledger.h"
#include "router/ledger/rolling.h"
#include "router/ledger/zone.h"

namespace steelyard::router {

inline constexpr std::uint32_t kNone = UINT32_MAX;

// One account in one window. Lives while it is the newest of its account or has open holds.
struct Window {
  NanoUsd posted, held, overrun, credit;
  NanoUsd next_mark{INT64_MAX};   // posted at which the next threshold is reached
  std::uint32_t holds = 0;        // open ones
  std::uint32_t account = kNone;  // kNone: free
  Instant start, end;
  NanoUsd ceiling;   // what B1 compares with: the limit, or what was in use when it fell
  NanoUsd enforced;  // of a window that is not the newest: what it closed with
  std::int32_t fired = 0;
  std::int32_t approved = 0, asked = 0;  // see WindowBalance
  bool rolls = false;                    // a bucket of a rolling window
};

// What reserve() reads of an account.
struct AccountHot {
  NanoUsd enforced;
  Instant window_end{INT64_MIN};  // of the newest window; INT64_MIN: none yet
  std::uint32_t window = kNone;   // the newest
  bool caps_tiers = false;        // some threshold says `max_tier`
  bool always_look = false;       // its thresholds may hold before the first is said
};

struct Mark {
  std::int32_t percent;
  ThresholdAction action;
  std::string_view max_tier;
};

// Of an account of a fleet: which window `said` is about.
struct Share {
  Instant start{INT64_MIN};
  FleetShare said;
};

struct AccountCold {
  std::uint32_t id = 0;  // its own index
  std::string scope;
  WindowKind per = WindowKind::month;
  std::uint8_t starts = 1;
  NanoUsd limit;
  bool hard = true;
  std::shared_ptr<const Zone> zone;
  std::vector<Mark> marks;           // ascending percent
  std::vector<Mark> steps;           // of the pace, ascending percent
  std::unique_ptr<Rolling> rolling;  // WindowKind::rolling
  bool approvals = false;            // some mark says `require_approval`
  bool aside = false;                // views of it are not the plain ones: rolling, or of a fleet
  std::string_view identity;         // into by_identity
  std::unique_ptr<Share> share;      // of a fleet
};

// What a hold may grow within.
struct Standing {
  NanoUsd limit, posted, held;
};

// What counts in a rolling window besides its newest bucket.
struct OlderSums {
  NanoUsd posted, held, overrun;
};

struct Ledger::State {
  std::vector<AccountHot> hot;
  std::deque<AccountCold> cold;  // a deque: views of `scope` stay valid
  std::map<std::string, AccountId, std::less<>> by_identity;
  std::set<std::string, std::less<>> tiers;  // names that views point to; never shrinks
  std::vector<Window> windows;
  std::vector<std::uint32_t> free_windows;
  HoldTable holds;
  std::vector<Crossing> crossings;
  bool in_fleet = false;

  Interval interval_of(const AccountCold& account, Instant now) const;
  std::uint32_t open_window(AccountId account, Interval interval);
  void free_if_idle(std::uint32_t window);
  // The newest window ended at or before `now`, or there is none: makes the one that holds `now`. A
  // clock that stepped back never comes here.
  void roll(AccountId account, Instant now);
  // Says thresholds that `posted` has reached and were not said before; finds the next one.
  void say_marks(Window& window);
  // What 100 % is in this window.
  NanoUsd limit_in(const Window& window) const {
    const std::int64_t sum = saturating_add(cold[window.account].limit, window.credit).v;
    return {sum < 0 ? 0 : sum};
  }
  // And what others of a fleet topped it up by.
  NanoUsd limit_for_all(const Window& window) const {
    const NanoUsd limit = limit_in(window);
    return cold[window.account].share ? saturating_add(limit, elsewhere(window).credit) : limit;
  }
  // What is enforced of `limit`: below it while a threshold waits for approval; MAX: nothing.
  static NanoUsd bound(const AccountCold& account, NanoUsd limit, std::int32_t approved);
  OlderSums older(const AccountCold& account, Instant since) const;
  // Each older bucket of a rolling account without open holds in which something is posted:
  // visit(start, posted), oldest first.
  template <class Visit>
  void for_each_closed(const AccountCold& account, const Visit& visit) const {
    const std::uint32_t at = hot[account.id].window;
    if (at == kNone) return;
    const Rolling& rolling = *account.rolling;
    const std::int64_t newest = rolling.number(windows[at].start);
    for (std::int64_t bucket = newest - rolling_buckets; bucket < newest; ++bucket)
      if (bucket >= 0 && rolling.of(bucket) != 0)
        visit(Instant{bucket * rolling.bucket_ns}, rolling.of(bucket));
  }
  // ledger_rolling.cpp. The newest bucket becomes an older one; buckets that no longer count go.
  void shift(AccountId account, Instant next);
  // What is posted or held in an older bucket has changed.
  void older_changed(std::uint32_t window);
  AccountView view_rolling(AccountId account, Instant now) const;
  Instant room_at(AccountId account, NanoUsd asked, const AccountView& view) const;
  bool adjust_closed(AccountId account, Instant start, NanoUsd posted);
  void carry(const Window& from, Window& to);
  // Of the bucket `window` that still counts: the fullest of the windows that hold it.
  Standing standing_rolling(std::uint32_t window) const;
  // The bucket stops counting with open holds in it: what it has room for stays.
  void leave(std::uint32_t window);
  // A hold of the bucket `window` grew by `more`: buckets that have left lose that room.
  void took_room(std::uint32_t window, NanoUsd more);
  bool left(const Window& window) const {
    const Instant newest = windows[hot[window.account].window].start;
    return window.start < rolling_begin(newest, cold[window.account].rolling->bucket_ns);
  }

  // The tier that the account's pace still allows; "": no cap.
  std::string_view paced_tier(AccountId account, Instant now) const;
  // After a change of the limit, the window, or what is posted in it.
  void refit(AccountId account);

  bool acceptable(const ReserveRequest& request) const;
  // Tells of an approval that is missing, once.
  Denial deny(AccountId account, NanoUsd asked, Instant now);
  // What a hold of this window may grow within.
  Standing standing(std::uint32_t window) const;
  void view(AccountId account, Instant now, AccountView& out) const;  // `out` is fresh
  void view_plain(AccountId account, Instant now, AccountView& out) const;
  // ledger_share.cpp. What the others did in the window; zeroes without a fleet.
  FleetShare elsewhere(const Window& window) const {
    const Share* const share = cold[window.account].share.get();
    return share != nullptr && share->start == window.start ? share->said : FleetShare{};
  }
  void view_shared(AccountId account, Instant now, AccountView& out) const;
  // The hold's windows lose its amount and gain `actual`.
  EndOutcome finish(std::uint32_t slot, NanoUsd actual, HoldState state);
};

}  // namespace steelyard::router
