#pragma once
// The pieces of a receipt's line; receipt_json.h is the whole. Each writes at `p` and returns one
// past its end.
#include <cstddef>

#include "config/types/limits.h"

namespace steelyard::telemetry {

struct Receipt;
struct TokenUsage;
class Timestamps;

// Output bytes a text may take, escapes included.
inline constexpr std::size_t name_text_max = 64, model_text_max = limits::model_name_bytes_max;

// All fields but the lists, from the opening brace on, at most receipt_fields_bytes_max bytes.
inline constexpr std::size_t receipt_fields_bytes_max = 4096 - 192;
char* put_receipt_fields(char* p, const Receipt& receipt, Timestamps& times);
// "prompt_tokens":…,"completion_tokens":…, … without braces
char* put_usage(char* p, const TokenUsage& usage);

}  // namespace steelyard::telemetry
