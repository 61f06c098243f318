#pragma once
// Providers that think between tool calls want the thoughts of every turn with calls back, and take
// an empty text where there are none (research/wire 3.3); clients of Chat mostly send nothing.
#include <string>
#include <string_view>

namespace steelyard::dialect {

// Writes to `out` the Chat request `body` with an empty `reasoning_content` in each message that
// has `tool_calls` and none of its own. False, and `out` as it was: there is no such message, or
// the body is not JSON.
bool add_missing_thoughts(std::string_view body, std::string& out);

}  // namespace steelyard::dialect
