#pragma once
// The vocabulary that counts a model's text, by the catalogue's `tokenizer`.
#include <memory>
#include <string_view>

#include "config/types/result.h"
#include "router/tokens/counter.h"

namespace steelyard {

struct OwnVocabulary {
  std::shared_ptr<const router::Vocabulary> vocabulary;
  bool exact = false;  // it is the model's own; else it is o200k_base, to be scaled
};

// A family with a shipped vocabulary ("deepseek-v3"), a file that `steelyard tokens import` wrote
// ("file:PATH"), or anything else, which is counted with o200k_base. Fails on a file that cannot be
// read or is damaged.
Result<OwnVocabulary> vocabulary_of(std::string_view tokenizer);

}  // namespace steelyard
