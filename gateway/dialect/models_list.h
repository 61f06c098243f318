#pragma once
// GET /v1/models and /v1/models/{model}, in the shape of the client's dialect: OpenAI's,
// Anthropic's or Gemini's (research/wire 1.7, 4.9).
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"

namespace steelyard::dialect {

struct ListedModel {
  std::string_view name;                                     // what a client may send as `model`
  std::string_view owner;                                    // vendor; "" becomes "steelyard"
  std::int64_t created_s = 0;                                // seconds since 1970; 0: unknown
  std::int64_t input_tokens_max = 0, output_tokens_max = 0;  // 0: unknown
  bool embeddings = false;                                   // it makes vectors
};

// Appends the list, in the order given, or one of its elements.
void write_models(std::string& out, hub::Wire client, std::span<const ListedModel> models);
void write_model(std::string& out, hub::Wire client, const ListedModel& model);

}  // namespace steelyard::dialect
