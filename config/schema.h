#pragma once
// The tables as JSON Schema (draft-07, what editors understand) and as a page for people.
#include <cstdint>
#include <string>

namespace steelyard {

enum class SchemaKind : std::uint8_t { gateway, models, policies };

// Indented JSON with a final newline. config/schema/*.schema.json hold the same text (a test
// compares).
std::string json_schema(SchemaKind kind);

// Markdown: every key of every file. config/REFERENCE.md holds the same text (a test compares).
std::string reference_markdown();

}  // namespace steelyard
