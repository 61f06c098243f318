#pragma once
// How OpenAI shows the schema of the answer (`response_format`) to its models: in the system
// message, as JSON of which some keywords are left out. Not documented; worked out from 79 recorded
// requests and what was billed for them (tests/clients/recorded_counts.py). For counting only.
#include <string>
#include <string_view>

namespace steelyard::dialect {

// Appends what is shown for the value of `response_format` ({"type":"json_schema", ...}), raw JSON,
// to `out`. False when it is not such an object, or too large or too deep to be worth it: then
// `out` holds nothing of use.
bool write_schema_listing(std::string& out, std::string_view response_format);

// JSON text with only ASCII in it: the rest as \uXXXX.
void append_ascii(std::string& out, std::string_view raw);

}  // namespace steelyard::dialect
