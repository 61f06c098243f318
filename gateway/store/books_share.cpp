// A fleet's budgets, for the thread that talks to the fleet's store (gateway/fleet).
#include "gateway/store/books_state.h"

namespace steelyard::store {
namespace {

constexpr std::uint32_t batch = 64;  // windows under one lock: a few microseconds

}  // namespace

bool Books::in_fleet() const {
  return state_->options.in_fleet;
}

void Books::open_fleet_windows(Instant now) {
  for (const std::unique_ptr<Shard>& shard : state_->shards) {
    const std::lock_guard lock(shard->mutex);
    for (std::uint32_t i = 0; i < shard->ledger.account_count(); ++i)
      (void)shard->ledger.current_window({i}, now);
  }
}

void Books::visit_fleet(const std::function<void(const FleetSlice&)>& visit) const {
  std::vector<FleetSlice> some;
  for (std::size_t i = 0; i < state_->shards.size(); ++i) {
    const Shard& shard = *state_->shards[i];
    std::uint32_t next = 0, count = 1;
    while (next < count) {
      some.clear();
      {
        const std::lock_guard lock(shard.mutex);
        count = static_cast<std::uint32_t>(shard.ledger.account_count());
        for (const std::uint32_t end = std::min(count, next + batch); next < end; ++next) {
          FleetSlice slice{i, {}};
          if (shard.ledger.fleet_window({next}, slice.window)) some.push_back(slice);
        }
      }
      for (const FleetSlice& slice : some) visit(slice);
    }
  }
}

std::string Books::identity(std::size_t shard, router::AccountId account) const {
  const Shard& at = *state_->shards[shard];
  const std::lock_guard lock(at.mutex);
  return std::string(at.ledger.identity(account));
}

NanoUsd Books::limit_share(const FleetSlice& slice, NanoUsd most) {
  Shard& shard = *state_->shards[slice.shard];
  const std::lock_guard lock(shard.mutex);
  return shard.ledger.limit_share(slice.window.account, slice.window.start, most);
}

bool Books::give_share(const FleetSlice& slice, const router::FleetShare& share) {
  Shard& shard = *state_->shards[slice.shard];
  const std::lock_guard lock(shard.mutex);
  const bool given = shard.ledger.give_share(slice.window.account, slice.window.start, share);
  state_->notice_crossings(shard);  // the others' spending may have reached a threshold
  return given;
}

FleetRoom Books::fleet_room(const Chain& chain, NanoUsd amount) const {
  const Shard& shard = *state_->shards[chain.shard];
  const std::lock_guard lock(shard.mutex);
  FleetRoom out = FleetRoom::here;
  for (const router::AccountId account : chain.span()) {
    router::FleetWindow window;
    if (!shard.ledger.fleet_window(account, window) || window.limit.v == INT64_MAX) continue;
    if (window.used() + amount <= window.share.room) continue;
    out = FleetRoom::elsewhere;
    const NanoUsd limit = window.limit + window.credit + window.share.credit;
    if (window.used() + window.share.posted + amount > limit) return FleetRoom::nowhere;
  }
  return out;
}

}  // namespace steelyard::store
