#pragma once
// Several processes that share their budgets through one Redis or Valkey, as YAML says it.
#include <cstdint>
#include <optional>
#include <string>

#include "config/types/money.h"
#include "config/types/secret.h"
#include "config/types/span.h"

namespace steelyard {

// What a replica does when it has not heard of the store for a whole lease.
enum class WhenUnreachable : std::uint8_t {
  refuse,     // requests that a budget limits are refused
  use_slice,  // it spends what it was granted, then refuses
};

struct FleetSpec {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::int32_t database = 0;
  std::string user;  // of the store's access list; "": its default user
  std::optional<Secret> password;
  std::string name = "steelyard";   // of the fleet: replicas of one name share their budgets
  std::string replica;              // of this process; "": made of host and ledger directory
  std::int64_t beat_ms = 200;       // between two looks at the store
  std::int64_t wait_ms = 500;       // that a request waits for money others hold
  std::int64_t lease_ms = 10'000;   // see WhenUnreachable; who is silent longer counts as gone
  std::int64_t timeout_ms = 1'000;  // of one call to the store
  WhenUnreachable when_unreachable = WhenUnreachable::refuse;
  SourceSpan at;
};

// Numbers of the store's scripts are doubles: exact up to here. $9,007,199.25
inline constexpr NanoUsd fleet_limit_max{1ll << 53};

}  // namespace steelyard
