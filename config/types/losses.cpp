#include "config/types/losses.h"

#include <array>

namespace steelyard {
namespace {

constexpr std::array<std::string_view, losses_count> kNames = {"temperature",
                                                               "top_p",
                                                               "top_k",
                                                               "penalties",
                                                               "seed",
                                                               "logit_bias",
                                                               "logprobs",
                                                               "stop",
                                                               "n",
                                                               "user",
                                                               "metadata",
                                                               "service_tier",
                                                               "cache_control",
                                                               "prompt_cache_key",
                                                               "response_format",
                                                               "schema_details",
                                                               "tool_choice",
                                                               "parallel_tool_calls",
                                                               "tools",
                                                               "tool_arguments",
                                                               "tool_error",
                                                               "tool_images",
                                                               "reasoning",
                                                               "thinking",
                                                               "citations",
                                                               "audio",
                                                               "documents",
                                                               "images",
                                                               "image_detail",
                                                               "native_parts",
                                                               "names",
                                                               "refusal",
                                                               "empty_text",
                                                               "store",
                                                               "betas",
                                                               "fields",
                                                               "stop_reason",
                                                               "safety"};
static_assert(!kNames.back().empty());

}  // namespace

std::string_view name_of(Loss loss) {
  return kNames[static_cast<std::size_t>(loss)];
}

void Dropped::append_names(std::string& out) const {
  bool first = true;
  for (std::size_t i = 0; i < losses_count; ++i) {
    if (!has(static_cast<Loss>(i))) continue;
    if (!first) out += ',';
    first = false;
    out += kNames[i];
  }
}

}  // namespace steelyard
