#pragma once
// The `usageMetadata` object of Gemini's dialect (research/wire 2.9): the prompt includes what came
// from the cache, the candidates leave the thoughts out, tool use is input that is not in the
// prompt.
#include <cstdint>

#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::gemini {

// Tokens, as reported. Every chunk of a stream reports the whole so far: the last one counts.
struct Usage {
  std::int64_t prompt = 0, cached = 0, tool_use = 0, candidates = 0, thoughts = 0, total = 0;
  std::int64_t audio_input = 0, image_input = 0;    // parts of the prompt
  std::int64_t audio_output = 0, image_output = 0;  // parts of the candidates
  bool present = false, total_present = false;
};

// Replaces `out` by what the object that is current says; false only on broken JSON.
bool read_usage(LenientReader& reader, Usage& out);

// The same in the terms of usage.h, so that normalise() gives disjoint classes.
ReportedUsage reported(const Usage& usage);

// Writes the member for a client, from any provider's figures.
void write_usage(hub::PieceWriter& json, const TokenUsage& usage, std::string_view tier);

}  // namespace steelyard::dialect::gemini
