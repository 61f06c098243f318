#pragma once
// One request's shares of what its team's plan includes: held beside the money, all quotas or none,
// for chat and for what no chat plan prices alike.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/types/error.h"
#include "config/types/instant.h"
#include "config/types/money.h"
#include "gateway/store/books.h"
#include "router/ledger/ledger.h"

namespace steelyard {

struct Quota;
struct TeamPlan;
class Plans;

inline constexpr std::size_t quotas_held_max = 8;

// The most that an attempt may take.
struct QuotaAsk {
  NanoUsd money;
  std::int64_t tokens = 0;
  std::string_view tier;  // that the request was promised; "": none
};

class QuotaHold {
 public:
  // `attempt`: 0 and up, of at most eight. A quota without room buys packs from `seller` (may be
  // null), if its plan allows. False: nothing is held of any quota; error() says which is used up.
  bool hold(const TeamPlan& plan, const router::RequestId& request, std::uint8_t attempt,
            const QuotaAsk& ask, store::Books& books, Plans* seller, Instant now, Tick tick);
  void dispatch(store::Books& books);
  // What it was in the end. A request that nobody answered and that cost nothing is no use.
  void settle(store::Books& books, NanoUsd cost, std::int64_t tokens, Instant now);
  void release(store::Books& books, Instant now);
  void renew(store::Books& books, Tick now);

  const Error& error() const { return error_; }
  std::optional<Instant> resets_at() const { return resets_at_; }  // of error()

 private:
  struct Share {
    const Quota* quota = nullptr;
    store::BookHold hold;
  };
  std::int64_t share_of(const Quota& quota, const QuotaAsk& ask) const;

  std::array<Share, quotas_held_max> shares_;
  std::size_t count_ = 0;
  bool use_counted_ = false;  // a request is one use, whatever it takes
  Error error_;
  std::optional<Instant> resets_at_;
};

}  // namespace steelyard
