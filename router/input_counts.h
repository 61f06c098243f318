#pragma once
// One request in the tokens of every model: its features times each model's weights. The weights
// are those of tokens/framing_table.cpp at load; calibration replaces them as it learns.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/tokens/features.h"
#include "router/tokens/framing.h"

namespace steelyard::router {

struct Model;

struct InputCount {
  std::int32_t tokens = 0;
  std::int32_t upper = 0;  // never below `tokens`
};

class InputRows {
 public:
  InputRows() = default;
  InputRows(std::span<const Model> models, const Framing& own);

  std::size_t models() const { return models_; }
  // The count of every model that somebody serves, rounded to the nearest, into `out` (grown once,
  // then reused); behind the last model the gateway's own, in its tokenizer with usual frames.
  // Models nobody serves are {0, 0}. Saturates at 2^30. Some 35 instructions a model.
  void count(const InputFeatures& features, std::vector<InputCount>& out) const;
  // The same for one; `models()` is the gateway's own.
  InputCount count_one(const InputFeatures& features, std::size_t model) const;
  // No served model's tokens are below, no upper bound above.
  InputCount least_and_most(const InputFeatures& features) const;
  float factor(std::size_t model) const { return rows_[model].factor; }
  // Replaces what a model weighs. The bounds only widen, but for once in a while.
  void set(std::size_t model, const InputWeights& weights);

 private:
  void tighten();

  std::size_t models_ = 0;
  std::uint32_t sets_ = 0;
  std::vector<InputWeights> rows_;  // by model, then the gateway's own
  InputWeights least_, most_;       // of those in served_, weight by weight
  std::vector<std::uint32_t> served_;
};

// The request in each model's tokens: counted ahead, or when it is asked for. Which, is no concern
// of those who ask. Refers to what it was made of.
class InputCounts {
 public:
  InputCounts() = default;
  InputCounts(std::span<const InputCount> ready) : ready_(ready), size_(ready.size()) {}
  InputCounts(const std::vector<InputCount>& ready) : InputCounts(std::span(ready)) {}
  InputCounts(const InputRows& rows, const InputFeatures& features)
      : rows_(&rows), features_(&features), size_(rows.models()) {}

  std::size_t size() const { return size_; }
  InputCount operator[](std::size_t model) const {
    return rows_ != nullptr ? rows_->count_one(*features_, model) : ready_[model];
  }
  const InputCount* ready() const { return rows_ != nullptr ? nullptr : ready_.data(); }
  // Only when ready() is null.
  InputCount least_and_most() const { return rows_->least_and_most(*features_); }

 private:
  std::span<const InputCount> ready_;
  const InputRows* rows_ = nullptr;
  const InputFeatures* features_ = nullptr;
  std::size_t size_ = 0;
};

// Adds what pictures, sound, film and documents cost each model and, behind the last, `own`.
void add_media(std::span<const Model> models, const Framing& own, const ChatShape& shape,
               std::span<InputCount> counts);

}  // namespace steelyard::router
