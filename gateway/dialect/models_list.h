#pragma once
// GET /v1/models and /v1/models/{model} in the OpenAI shape.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace steelyard::dialect {

struct ListedModel {
  std::string_view name;       // what a client may send as `model`
  std::string_view owner;      // vendor; "" becomes "steelyard"
  std::int64_t created_s = 0;  // seconds since 1970; 0: unknown
};

}  // namespace steelyard::dialect

namespace steelyard::dialect::openai {

// Appends {"object":"list","data":[...]}, in the order given.
void write_models(std::string& out, std::span<const ListedModel> models);
void write_model(std::string& out, const ListedModel& model);

}  // namespace steelyard::dialect::openai
