#pragma once
// Small pieces of text that explain.cpp and explain_json.cpp share.
#include <cstdint>
#include <string>
#include <vector>

#include "router/explain.h"

namespace steelyard::router {

// Fills with blanks up to `columns`; counts UTF-8 characters, not bytes; always at least one blank.
void pad(std::string& text, std::size_t columns);
void append_count(std::string& out, std::int64_t value);                   // "1,240"
const char* per_text(WindowKind per);                                      // "this month"
const char* name_of(WindowKind per);                                       // "month"
std::string label_of(const Catalog& catalog, const Candidate& candidate);  // "gpt-6-luna @ openai"
void append_tier(std::string& out, const Catalog& catalog, std::int32_t tier);

// Candidates as a reader wants them: by place, then the usable ones by cost, then the refused.
std::vector<std::uint16_t> in_order(const Plan& plan);

}  // namespace steelyard::router
