#pragma once
// The wire names of Field, in its order, as a look-up table.
#include "gateway/dialect/fields.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect {

inline constexpr KeyTable kFields(key_names(
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
    "tools", "tool_choice", "response_format", "reasoning_effort", "user", "prompt_cache_key",
    "metadata", "service_tier", "prediction", "temperature", "top_p", "top_k", "min_p",
    "frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias", "logprobs",
    "top_logprobs", "seed", "stop", "parallel_tool_calls", "modalities", "audio",
    "web_search_options", "verbosity", "store", "safety_identifier", "prompt_cache_options",
    "prompt_cache_retention", "moderation", "functions", "function_call", "reasoning", "thinking"));
static_assert(kFields.size() == fields_count);
static_assert(kFields.name(static_cast<std::size_t>(Field::service_tier)) == "service_tier");
static_assert(kFields.name(static_cast<std::size_t>(Field::stop)) == "stop");
static_assert(kFields.name(static_cast<std::size_t>(Field::thinking)) == "thinking");

}  // namespace steelyard::dialect
