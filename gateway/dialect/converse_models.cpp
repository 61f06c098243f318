#include "gateway/dialect/converse_models.h"

#include "gateway/dialect/anthropic_models.h"

namespace steelyard::dialect::converse {
namespace {

struct Row {
  std::string_view holds;  // of the name
  ThinkingStyle thinking;
  bool cache_points, signed_thinking, nine_character_ids, structured_output;
  std::string_view top_k_key;
};
// First match wins (docs.aws.amazon.com, "Supported models and model features", 2026-11; structured
// output: models whose recorded requests had it).
constexpr Row kRows[] = {
    {"claude", ThinkingStyle::claude, true, true, false, true, "top_k"},
    {"nova-2", ThinkingStyle::nova, true, false, false, false, {}},
    {"nova", ThinkingStyle::none, true, false, false, false, {}},
    {"gpt-oss", ThinkingStyle::reasoning_effort, false, false, false, true, {}},
    {"mistral", ThinkingStyle::none, false, false, true, true, {}},
    {"qwen", ThinkingStyle::none, false, false, false, true, {}},
};

}  // namespace

bool apply_model(std::string_view model, WriteOptions& options) {
  bool known = false;
  for (const Row& row : kRows) {
    if (model.find(row.holds) == std::string_view::npos) continue;
    options.thinking = row.thinking;
    options.cache_points = row.cache_points;
    options.signed_thinking = row.signed_thinking;
    options.nine_character_ids = row.nine_character_ids;
    options.structured_output = row.structured_output;
    options.top_k_key = row.top_k_key;
    known = true;
    break;
  }
  options.is_claude = options.thinking == ThinkingStyle::claude;
  if (!options.is_claude) return known;
  anthropic::apply_model(model, options.claude);
  options.structured_output = options.claude.structured_output;
  return known;
}

}  // namespace steelyard::dialect::converse
