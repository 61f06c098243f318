// Budgets ahead of their pace: which tiers are left before anything is blocked.
#include "router/ledger/ledger_state.h"
#include "router/ledger/pace.h"

namespace steelyard::router {

std::string_view Ledger::State::paced_tier(AccountId id, Instant now) const {
  const AccountCold& account = cold[id.v];
  const std::uint32_t at = hot[id.v].window;
  if (account.steps.empty() || account.rolling || at == kNone || now >= hot[id.v].window_end)
    return {};
  const Window& window = windows[at];
  const std::int32_t percent =
      pace_percent(limit_for_all(window), window.posted + elsewhere(window).posted, window.start,
                   window.end, now);
  std::string_view tier;
  for (const Mark& step : account.steps)
    if (step.percent <= percent) tier = step.max_tier;
  return tier;
}

std::size_t Ledger::pace_caps(std::span<const AccountId> accounts, Instant now,
                              std::span<std::string_view> out) const {
  std::size_t count = 0;
  for (const AccountId id : accounts) {
    if (id.v >= state_->hot.size() || count == out.size()) continue;
    const std::string_view tier = state_->paced_tier(id, now);
    if (!tier.empty()) out[count++] = tier;
  }
  return count;
}

}  // namespace steelyard::router
