#pragma once
// The books as a journal tells them: the fold of its events. Used at start (snapshot + tail) and in
// the background (old segments into the next snapshot). Decides nothing and knows no limits, so
// that it also checks the Ledger: at any time both must hold the same figures.
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/types/result.h"
#include "router/ledger/event.h"

namespace steelyard::router {

class PackedReader;

struct AttemptKeyHash {
  std::size_t operator()(const AttemptKey& key) const {
    return (key.request.hi ^ key.request.lo * 0x9E3779B97F4A7C15u) + key.attempt;
  }
};

class Balances {
 public:
  struct Window {
    WindowBalance balance;
    std::uint32_t holds = 0;  // dispatched and not ended
    friend bool operator==(const Window&, const Window&) = default;
  };
  struct Account {  // its index is its number in the journal
    std::string scope, zone;
    WindowKind per = WindowKind::month;
    std::uint8_t starts = 1;
    std::int64_t rolling_s = 0;  // of a rolling budget
    NanoUsd limit;               // as configured
    NanoUsd set_limit{-1};       // what an operator set instead; -1: nothing
    // Ascending start; old ones only while they have holds, or still count (rolling).
    std::vector<Window> windows;
    friend bool operator==(const Account&, const Account&) = default;
  };
  struct WindowId {
    std::uint32_t account = 0;
    Instant start;
    friend bool operator==(const WindowId&, const WindowId&) = default;
  };
  struct Hold {
    NanoUsd amount;
    std::vector<WindowId> windows;
    friend bool operator==(const Hold&, const Hold&) = default;
  };
  using Holds = std::unordered_map<AttemptKey, Hold, AttemptKeyHash>;

  // Fails on an event that cannot follow what came before: the journal is not one journal.
  Result<void> apply(const Event& event);

  const std::vector<Account>& accounts() const { return accounts_; }
  const Holds& open_holds() const { return holds_; }
  // Idempotency keys whose requests were charged, or may have been: the newest keys_max of the
  // last week, oldest first.
  std::vector<KnownKey> charged_keys() const;
  static constexpr std::size_t keys_max = 100'000;
  friend bool operator==(const Balances&, const Balances&) = default;

  // The payload of a snapshot.
  std::string encode() const;
  static constexpr std::uint32_t format = 3;
  static Result<Balances> decode(std::string_view bytes, std::uint32_t written_as = format);

 private:
  Result<void> on_account(const AccountEvent& event);
  Result<void> on_dispatch(const DispatchEvent& event);
  Result<void> on_end(const AttemptKey& key, NanoUsd actual, bool in_full);
  Result<void> on_extend(const ExtendEvent& event);
  void on_fired(const FiredEvent& event);
  Result<void> on_adjust(const AdjustEvent& event);
  Result<void> on_limited(const LimitedEvent& event);
  void on_key(const KnownKey& key);
  void note_charge(RequestId request, int change);
  Result<void> on_approval(const ApprovalEvent& event);
  void get_keys(PackedReader& in);
  // The window named, made if it is not there.
  Window& open(const JournalWindow& named);
  Window* find(WindowId id);
  void prune(Account& account);

  struct Keyed {
    KnownKey key;
    std::int32_t charges = 0;  // attempts that were charged, or still may be
    friend bool operator==(const Keyed&, const Keyed&) = default;
  };
  std::vector<Account> accounts_;
  Holds holds_;
  std::map<RequestId, Keyed> keyed_;
  std::deque<RequestId> key_order_;  // of keyed_, oldest first
};

}  // namespace steelyard::router
