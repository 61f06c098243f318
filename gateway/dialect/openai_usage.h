#pragma once
// The `usage` object in all the spellings OpenAI-compatible endpoints use.
#include <string_view>

#include "gateway/dialect/answer_gaps.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::openai {

// Takes the value that is current. An object with token counts replaces `out`; null or another type
// leaves it. False only on broken JSON. `gaps`, if given, gets its numbers.
bool read_usage(LenientReader& reader, ReportedUsage& out, AnswerGaps* gaps = nullptr);

// A decimal amount of dollars ("0.00012", "1.2e-05") in nano-dollars, rounded up; negative and
// malformed ones are 0, too large ones saturate.
NanoUsd parse_dollars(std::string_view decimal);

}  // namespace steelyard::dialect::openai
