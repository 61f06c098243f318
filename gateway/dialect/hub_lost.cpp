#include "gateway/dialect/hub_lost.h"

#include <string>
#include <utility>

namespace steelyard::dialect::hub {

Result<void> refuse_choices(const Request& request, std::string_view behind) {
  if (request.choices <= 1) return {};
  const bool gemini = request.wire == Wire::gemini;
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
              std::string(gemini ? "`/generationConfig/candidateCount`" : "`/n`") +
                  " must be 1 for a model behind " + std::string(behind));
}

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
