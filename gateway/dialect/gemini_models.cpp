#include "gateway/dialect/gemini_models.h"

namespace steelyard::dialect::gemini {
namespace {

struct Row {
  std::string_view prefix, holds;  // of the name; "" any
  ThinkingStyle style;
  bool can_disable, low_and_high_only, signatures, result_parts;
  std::int32_t budget_max;
};
// First match wins.
constexpr Row kRows[] = {
    {"gemini-2.5-pro", "", ThinkingStyle::budget, false, false, false, false, 32'768},
    {"gemini-2.5", "", ThinkingStyle::budget, true, false, false, false, 24'576},
    {"gemini-2", "", ThinkingStyle::none, true, false, false, false, 0},
    {"gemini-1", "", ThinkingStyle::none, true, false, false, false, 0},
    {"gemini-3-pro", "", ThinkingStyle::level, false, true, true, true, 0},
    {"gemini-", "pro", ThinkingStyle::level, false, false, true, true, 0},
    {"gemini-", "", ThinkingStyle::level, true, false, true, true, 0},
};

}  // namespace

void apply_model(std::string_view model, WriteOptions& options) {
  if (const std::size_t slash = model.rfind('/'); slash != std::string_view::npos)
    model.remove_prefix(slash + 1);
  for (const Row& row : kRows) {
    if (!model.starts_with(row.prefix) || model.find(row.holds) == std::string_view::npos) continue;
    options.thinking = row.style;
    options.can_disable_thinking = row.can_disable;
    options.low_and_high_only = row.low_and_high_only;
    options.needs_signatures = row.signatures;
    options.result_parts = row.result_parts;
    options.budget_max = row.budget_max;
    return;
  }
  // Gemma and what else is served there: no thinking to set.
  options.thinking = ThinkingStyle::none;
}

}  // namespace steelyard::dialect::gemini
