#pragma once
// Ids of tool calls as Mistral takes them: nine letters and digits (research/wire 3.9). The same id
// gives the same text, so that calls and their results stay together, on every replica and in every
// turn; the client's own history keeps what it had.
#include <string>
#include <string_view>

namespace steelyard::dialect {

bool is_short_id(std::string_view id);
// Nine letters and digits of a digest of `id`; replaces `out`.
void shorten_id(std::string_view id, std::string& out);

// Writes to `out` (elsewhere) the Chat request `body` with short ids in `tool_calls` and
// `tool_call_id` of its messages, every other byte as it came. False, and `out` as it was: all are
// short, or the body is not JSON.
bool shorten_tool_ids(std::string_view body, std::string& out);

}  // namespace steelyard::dialect
