#pragma once
// The body of POST /v1/completions (OpenAI's legacy completions, as vLLM and others still serve
// it): what money and the splice need of it.
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/types/result.h"
#include "gateway/dialect/chat.h"

namespace steelyard::dialect {

struct LegacyCompletion {
  std::string_view body;
  std::string_view model;  // a model token
  ByteRange model_token;
  std::string_view user;                  // who asks, escaped; "": not said
  std::vector<std::string_view> prompts;  // escaped
  std::int64_t given_tokens = 0;          // of prompts that came as token numbers
  std::int64_t prompt_count = 1;
  std::int64_t max_tokens = 16;  // OpenAI's own default
  bool max_tokens_given = false;
  std::int64_t choices = 1;  // the larger of n and best_of
  bool stream = false;
  std::int64_t output_tokens() const { return max_tokens * choices * prompt_count; }
};

// Fails with bad_request, naming the place by JSON pointer.
Result<void> read_legacy_completion(std::string_view body, LegacyCompletion& out);

}  // namespace steelyard::dialect
