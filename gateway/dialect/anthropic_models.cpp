#include "gateway/dialect/anthropic_models.h"

namespace steelyard::dialect::anthropic {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The first number of one or two digits, and the one after it, as 4 * 100 + 7; 0: none. Dates have
// more digits.
int generation_of(std::string_view name) {
  int numbers[2] = {0, 0};
  int found = 0;
  for (std::size_t i = 0; i < name.size() && found < 2;) {
    if (!is_digit(name[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    int value = 0;
    while (end < name.size() && is_digit(name[end])) value = value * 10 + (name[end++] - '0');
    if (end - i > 2) break;
    numbers[found++] = value;
    i = end;
  }
  return found == 0 ? 0 : numbers[0] * 100 + numbers[1];
}

}  // namespace

void apply_model(std::string_view model, WriteOptions& options) {
  const std::size_t at = model.find("claude");
  if (at == std::string_view::npos) return;
  const std::string_view name = model.substr(at);
  const auto is = [name](std::string_view family) {
    return name.find(family) != std::string_view::npos;
  };
  const int generation = generation_of(name);
  if (generation == 0) return;
  if (generation < 307) options.thinking = ThinkingStyle::none;
  if (generation >= 307 && generation < 406) options.thinking = ThinkingStyle::budget;
  if (generation < 405) options.structured_output = false;
  if ((is("opus") && generation >= 407) || generation >= 500) options.sampling = false;
  const bool newest = generation >= 505 && !is("haiku");
  if (newest || is("fable")) options.can_disable_thinking = options.forced_tool_choice = false;
}

}  // namespace steelyard::dialect::anthropic
