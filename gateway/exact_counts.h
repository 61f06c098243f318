#pragma once
// Counts a request in the tokens of the model it names, where that model's vocabulary is at hand.
// One per worker.
#include <memory>
#include <span>
#include <vector>

#include "gateway/dialect/chat.h"
#include "router/input_counts.h"
#include "router/tokens/memo.h"

namespace steelyard {

struct Runtime;

class ExactCounts {
 public:
  // Counters for the vocabularies of a configuration; those already there are kept with what they
  // know. Called when it is installed, before the first request. `memo`: where counts are
  // remembered.
  void prepare(const Runtime& runtime, const std::shared_ptr<router::CountMemo>& memo,
               std::uint64_t seed);

  static constexpr int none = -1;

  // The counter of a model's own vocabulary; none: it has none, or `model` (an index of the
  // catalogue) is negative.
  int counter_for(std::int32_t model) const {
    const auto at = static_cast<std::size_t>(model);
    return model >= 0 && at < by_model_.size() ? by_model_[at] : none;
  }
  router::TokenCounter& at(int counter) const {
    return *counters_[static_cast<std::size_t>(counter)].counter;
  }
  // What a request is beside its text: frames, tools, schemas.
  static router::InputFeatures without_text(router::InputFeatures features);
  // Counts the request's text again, by a counter_for(), and puts the result, frames added, in the
  // place of every model that has this vocabulary, but for `except`. What stood there beyond the
  // text and its frames (pictures) stays. No allocation. False: of a text this large some was
  // sampled (tokens/sliced_count.h), and the bound holds the error.
  bool apply(int counter, const dialect::ChatRequest& chat, const router::InputRows& rows,
             const router::InputFeatures& features, std::span<router::InputCount> counts,
             std::int32_t except = -1);

 private:
  struct Counter {
    std::shared_ptr<const router::Vocabulary> vocabulary;
    std::unique_ptr<router::TokenCounter> counter;
  };
  std::vector<Counter> counters_;
  std::vector<int> by_model_;          // index of the counter, or none
  std::vector<std::int64_t> windows_;  // by counter: the largest context of its models
  std::uint64_t seed_ = 0;
};

}  // namespace steelyard
