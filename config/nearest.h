#pragma once
// The known name a human most likely meant.
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace steelyard {

// Edits (insert, delete, replace, swap of neighbours) between two texts.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The closest of `known`, when it is close enough to be worth naming.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace steelyard
