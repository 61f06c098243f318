#include "gateway/dialect/extra_kinds.h"

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::hub {
namespace {

// https://platform.openai.com/docs/api-reference: Chat's and Responses' parameters.
constexpr KeyTable kExtras(key_names("frequency_penalty", "presence_penalty", "seed",
                                     "top_logprobs", "max_tool_calls", "logit_bias", "audio",
                                     "prediction", "web_search_options", "logprobs", "store",
                                     "modalities", "include", "verbosity", "truncation",
                                     "prompt_cache_retention"));
enum { kNumbers = 5, kObjects = 9, kFlags = 11, kArrays = 13 };  // where each kind ends

}  // namespace

std::string_view misfit(std::string_view key, char first) {
  const int at = kExtras.find(key);
  if (at < 0 || first == 'n') return {};
  const bool number = first == '-' || (first >= '0' && first <= '9');
  if (at < kNumbers) return number ? "" : "must be a number or null";
  if (at < kObjects) return first == '{' ? "" : "must be an object or null";
  if (at < kFlags) return first == 't' || first == 'f' ? "" : "must be true, false or null";
  if (at < kArrays) return first == '[' ? "" : "must be an array or null";
  return first == '"' ? "" : "must be a string or null";
}

}  // namespace steelyard::dialect::hub
