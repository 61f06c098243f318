#pragma once
// The best tier that money still allows: thresholds of budgets, their pace, quotas of a plan.
#include <cstdint>

namespace steelyard {

struct Decision;
struct Principal;
struct Runtime;
namespace store {
class Books;
}

// An index into the configuration's tiers, the lowest that any of them caps at; policies::no_tier:
// none does. Nothing is asked of the books for a principal without such a cap.
std::int32_t tier_cap(store::Books& books, const Runtime& runtime, const Principal& principal,
                      const Decision& decision);

}  // namespace steelyard
