#include "gateway/dialect/hub_lost.h"

#include <utility>

namespace steelyard::dialect::hub {

void lose_extra(const Extra& extra, Dropped& dropped, LostFields* names) {
  constexpr std::pair<std::string_view, Loss> kLosses[] = {
      {"frequency_penalty", Loss::penalties},  {"presence_penalty", Loss::penalties},
      {"repetition_penalty", Loss::penalties}, {"seed", Loss::seed},
      {"logit_bias", Loss::logit_bias},        {"logprobs", Loss::logprobs},
      {"top_logprobs", Loss::logprobs}};
  for (const auto& [name, loss] : kLosses)
    if (name == extra.key) return dropped.add(loss);
  if (extra.key == "prompt_cache_retention") return;  // no answer depends on it
  if (extra.key == "store") {
    if (extra.value == "true") dropped.add(Loss::store);
    return;
  }
  dropped.add(Loss::fields);
  if (names != nullptr) names->add(extra.key);
}

}  // namespace steelyard::dialect::hub
