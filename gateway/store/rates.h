#pragma once
// Requests and tokens in a stretch of time, of organisations, teams and keys: shared by all workers
// of the process and exact. A request takes one request and its worst case in tokens, in every
// window or in none; when it is over, the tokens it did not use are given back to the moment they
// were taken at. In memory only: after a restart every window is empty.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec/budget_spec.h"
#include "config/types/instant.h"

namespace steelyard::store {

// The windows of one key: of its organisation, its team, itself. A small value.
struct RateChain {
  static constexpr std::size_t windows_max = 6;
  std::uint16_t shard = 0, count = 0;
  std::array<std::uint32_t, windows_max> windows;
  bool empty() const { return count == 0; }
};

// What a request took, to be settled once.
struct RateTicket {
  std::int64_t tokens = 0;
  std::array<std::int64_t, RateChain::windows_max> buckets;
};

// How the windows of one unit stand: of the one with the least left. limit 0: there is none.
struct RateStanding {
  std::int64_t limit = 0, remaining = 0;
  std::int64_t reset_ms = 0;  // until nothing counts any more
};

struct RateAnswer {
  bool taken = false;
  RateStanding requests, tokens;
  // When not taken: whose window has no room, of what, and when it will have.
  std::string_view scope, unit;  // live as long as the rates
  std::int64_t asked = 0, limit = 0;
  std::int64_t retry_after_ms = -1;  // -1: never, one request is more than the limit
};

class RateLimits {
 public:
  explicit RateLimits(std::size_t shards = 16);
  ~RateLimits();
  RateLimits(const RateLimits&) = delete;
  RateLimits& operator=(const RateLimits&) = delete;

  // One chain per key, in the order of the configuration. What was taken stays taken, a new limit
  // applies at once. Not from two threads at a time.
  std::vector<RateChain> configure(std::span<const OrganisationSpec> organisations);

  // All or nothing. `tokens`: the most the request may use.
  RateAnswer take(const RateChain& chain, std::int64_t tokens, Tick now, RateTicket& ticket);
  // The request is over and used `tokens`.
  void settle(const RateChain& chain, const RateTicket& ticket, std::int64_t tokens);
  // It was never sent: what it took is free again.
  void cancel(const RateChain& chain, const RateTicket& ticket);

 private:
  struct Shard;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace steelyard::store
