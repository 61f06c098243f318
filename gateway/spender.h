#pragma once
// For whom a request is made, as far as budgets ask: user, tags, model.
#include <string_view>

#include "gateway/decide.h"
#include "gateway/runtime.h"
#include "gateway/store/books.h"

namespace steelyard {

// `model`: "" while none is chosen; budgets by model are left out then.
inline store::Spender spender_of(const Principal& principal, const Decision& decision,
                                 std::string_view model) {
  store::Spender spender;
  spender.user = principal.user;
  if (principal.user.empty() && principal.trust_user) spender.user = decision.chat.user;
  spender.tags = decision.facts.tags;
  spender.model = model;
  return spender;
}

// The best tier that the budgets of the request still allow; those by model are not asked.
inline std::string_view tier_cap_of(store::Books& books, const Principal& principal,
                                    const Decision& decision) {
  if (principal.conditions.empty()) return books.tier_cap(principal.chain, decision.at);
  store::Chain chain = principal.chain;
  (void)books.extend(chain, principal.conditions, spender_of(principal, decision, {}), decision.at);
  return books.tier_cap(chain, decision.at);
}

}  // namespace steelyard
