#pragma once
// The books as a journal tells them: the fold of its events. Used at start (snapshot + tail) and in
// the background (old segments into the next snapshot). Decides nothing and knows no limits, so
// that it also checks the Ledger: at any time both must hold the same figures.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/types/result.h"
#include "router/ledger/event.h"

namespace steelyard::router {

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
    NanoUsd limit;                // as configured
    NanoUsd set_limit{-1};        // what an operator set instead; -1: nothing
    std::vector<Window> windows;  // ascending start; old ones only while they have holds
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
  friend bool operator==(const Balances&, const Balances&) = default;

  // The payload of a snapshot.
  std::string encode() const;
  static constexpr std::uint32_t format = 2;
  static Result<Balances> decode(std::string_view bytes, std::uint32_t written_as = format);

 private:
  Result<void> on_account(const AccountEvent& event);
  Result<void> on_dispatch(const DispatchEvent& event);
  Result<void> on_end(const AttemptKey& key, NanoUsd actual, bool in_full);
  void on_fired(const FiredEvent& event);
  Result<void> on_adjust(const AdjustEvent& event);
  Result<void> on_limited(const LimitedEvent& event);
  // The window named, made if it is not there.
  Window& open(const JournalWindow& named);
  Window* find(WindowId id);
  void prune(Account& account);

  std::vector<Account> accounts_;
  Holds holds_;
};

}  // namespace steelyard::router
