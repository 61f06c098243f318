#pragma once
// How OpenAI shows tool definitions to its models: TypeScript declarations in a namespace. Not
// documented; worked out from recorded requests and what was billed for them (169 of 203 exactly,
// 194 within 1 % or 3 tokens a tool: tests/clients/recorded_counts.py). For counting only. Not
// known: what is billed for properties that have a description and may be null (17 and 34 tokens
// too few in the two tools recorded; without a description nothing is missing), and for grammars.
#include <string>
#include <string_view>

namespace steelyard::dialect {

// Appends the listing of a `tools` (or `functions`) array, raw JSON, to `out`. False when it is not
// such an array, or too large or too deep to be worth it: then `out` holds nothing of use.
bool write_tool_listing(std::string& out, std::string_view tools);

}  // namespace steelyard::dialect
