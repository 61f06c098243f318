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
  // know. Called when it is installed, before the first request.
  void prepare(const Runtime& runtime, const router::MemoSeed& seed);

  // Does the request name a model with a vocabulary of its own?
  bool covers(const Runtime& runtime, const dialect::ChatRequest& chat) const {
    return counter_for(runtime, chat) >= 0;
  }
  // Counts the request's text again when it names a model with a vocabulary of its own, and puts
  // the result, frames added, in the place of that model and of all that share the vocabulary. No
  // allocation.
  void apply(const Runtime& runtime, const dialect::ChatRequest& chat,
             const router::InputRows& rows, const router::InputFeatures& features,
             std::span<router::InputCount> counts);

 private:
  int counter_for(const Runtime& runtime, const dialect::ChatRequest& chat) const;
  struct Counter {
    std::shared_ptr<const router::Vocabulary> vocabulary;
    std::unique_ptr<router::TokenCounter> counter;
  };
  std::shared_ptr<router::CountMemo> memo_;
  std::vector<Counter> counters_;
  std::vector<int> by_model_;  // index of the counter; -1: none
  unsigned next_number_ = 0;
};

}  // namespace steelyard
