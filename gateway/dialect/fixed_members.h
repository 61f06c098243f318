#pragma once
// Members that a provider's row adds to every body for it, where the client did not say them.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steelyard::dialect {

using FixedMembers = std::vector<std::pair<std::string, std::string>>;  // name, value as JSON

// Writes the request `body` to `out` (elsewhere) with those of `members` at its beginning that are
// not in it, every other byte as it came. False, and `out` as it was: it has all of them, or it is
// no JSON object.
bool add_fixed_members(std::string_view body, const FixedMembers& members, std::string& out);

}  // namespace steelyard::dialect
