#include "gateway/tier_cap.h"

#include <array>

#include "gateway/decide.h"
#include "gateway/plans.h"
#include "gateway/runtime.h"
#include "gateway/spender.h"

namespace steelyard {

std::int32_t tier_cap(store::Books& books, const Runtime& runtime, const Principal& principal,
                      const Decision& decision) {
  std::int32_t lowest = policies::no_tier;
  if (principal.tier_follows_budget) {
    const std::string_view cap = tier_cap_of(books, principal, decision);
    if (!cap.empty()) lowest = runtime.rules.find_tier(cap);
  }
  if (principal.plan != nullptr && principal.plan->lowers) {
    for (const Quota& quota : principal.plan->quotas) {
      if (quota.then_tier < 0 || (lowest >= 0 && lowest <= quota.then_tier)) continue;
      const store::ChainView view = books.view(quota.chain, decision.at);
      if (view.remaining.v <= 0 && !may_buy(quota, view.accounts[0])) lowest = quota.then_tier;
    }
  }
  if (!principal.tier_follows_pace) return lowest;
  std::array<std::string_view, limits::windows_per_request_max> caps;
  const std::size_t count = books.pace_caps(principal.chain, decision.at, caps);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t tier = runtime.rules.find_tier(caps[i]);
    if (tier != policies::no_tier && (lowest == policies::no_tier || tier < lowest)) lowest = tier;
  }
  return lowest;
}

}  // namespace steelyard
