#include <doctest/doctest.h>

#include "gateway/dialect/anthropic_models.h"

namespace steelyard::dialect::anthropic {
namespace {

TEST_CASE("hub: what Claude models take, by name") {
  using enum ThinkingStyle;
  struct Row {
    const char* model;
    ThinkingStyle thinking;
    bool sampling, forced, can_disable, structured;
  };
  const Row rows[] = {
      {"claude-3-5-haiku-20241022", none, true, true, true, false},
      {"claude-3-7-sonnet-latest", budget, true, true, true, false},
      {"claude-sonnet-4-20250514", budget, true, true, true, false},
      {"anthropic/claude-sonnet-4.5", budget, true, true, true, true},
      {"claude-opus-4-6", adaptive, true, true, true, true},
      {"claude-opus-4-7", adaptive, false, true, true, true},
      {"claude-sonnet-5", adaptive, false, true, true, true},
      {"claude-haiku-5-5", adaptive, false, true, true, true},
      {"claude-opus-5-5-20260901", adaptive, false, false, false, true},
      {"claude-fable-5", adaptive, false, false, false, true},
      {"glm-5", adaptive, true, true, true, true},
      {"my-claude", adaptive, true, true, true, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    WriteOptions options;
    apply_model(row.model, options);
    CHECK((options.thinking == row.thinking));
    CHECK(options.sampling == row.sampling);
    CHECK(options.forced_tool_choice == row.forced);
    CHECK(options.can_disable_thinking == row.can_disable);
    CHECK(options.structured_output == row.structured);
  }
}

}  // namespace
}  // namespace steelyard::dialect::anthropic
