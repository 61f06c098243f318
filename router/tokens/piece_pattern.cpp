#include "router/tokens/piece_pattern.h"

#include <array>

namespace steelyard::router {
namespace {

constexpr std::array<const char*, patterns> names{
    "o200k", "cl100k", "llama3", "qwen2", "qwen35", "deepseek", "tekken", "kimi", "sentencepiece"};

}  // namespace

const char* name_of(PatternId id) {
  return names[static_cast<std::size_t>(id)];
}

std::optional<PatternId> pattern_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return static_cast<PatternId>(i);
  return std::nullopt;
}

}  // namespace steelyard::router
