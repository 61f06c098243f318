#pragma once
// How OpenAI shows several tool calls of one message to its models. Not documented; worked out from
// recorded requests and what was billed for them (tests/clients/recorded_counts.py). For counting
// only.
#include <span>
#include <string>

namespace steelyard::dialect {

struct TextSlice;

// Writes into `out` what the calls among a message's texts are shown as, one call of a function
// that takes them all; still escaped, as the inside of a JSON string.
void write_call_listing(std::string& out, std::span<const TextSlice> texts);

}  // namespace steelyard::dialect
