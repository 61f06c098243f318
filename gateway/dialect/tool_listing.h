#pragma once
// How OpenAI shows tool definitions to its models: TypeScript declarations in a namespace. Not
// documented; worked out from recorded requests and what was billed for them: 203 of Chat, each
// within 1 % or 3 tokens a tool, and 129 of Responses (tests/clients/recorded_counts.py). For
// counting only. The least certain rule: in Chat, what has a description and may be null is listed
// one alternative a line. It rests on two tools, one of which it explains to the token, the other
// to two; in Responses, and without a description, such ones stand in one line.
#include <string>
#include <string_view>

namespace steelyard::dialect {

// Appends the listing of a `tools` (or `functions`) array, raw JSON, to `out`. False when it is not
// such an array, or too large or too deep to be worth it: then `out` holds nothing of use.
bool write_tool_listing(std::string& out, std::string_view tools);

}  // namespace steelyard::dialect
