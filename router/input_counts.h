#pragma once
// One request in the tokens of every model: its features times each model's weights. The weights
// are those of tokens/framing_table.cpp at load; calibration replaces them as it learns.
#include <array>
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

// Four models side by side, as the vector instructions of every x86-64 take them.
struct alignas(16) FourModels {
  std::array<std::array<float, 4>, feature_count> tokens{};  // by Feature
  std::array<float, 4> factor{}, per_request{}, per_message{};
  std::array<float, 4> with_tools{}, per_tool{}, per_call{}, tool_text{}, schema_text{};
};

class InputRows {
 public:
  InputRows() = default;
  InputRows(std::span<const Model> models, const Framing& own);

  std::size_t models() const { return models_; }
  // The count of every model that somebody serves, rounded to the nearest, into `out` (grown once,
  // then reused); behind the last model the gateway's own, in its tokenizer with usual frames.
  // Models nobody serves may stay {0, 0}. Saturates at 2^30. Some 45 instructions for four models.
  void count(const InputFeatures& features, std::vector<InputCount>& out) const;
  // The same for one; `models()` is the gateway's own.
  InputCount count_one(const InputFeatures& features, std::size_t model) const;
  float factor(std::size_t model) const { return weights_[model / 4].factor[model % 4]; }
  // Replaces what a model weighs.
  void set(std::size_t model, const InputWeights& weights);

 private:
  template <bool plain>
  void count_groups(const InputFeatures& features, InputCount* out) const;

  std::size_t models_ = 0;
  std::vector<FourModels> weights_;
  std::vector<std::uint32_t> served_;  // groups with a model that somebody serves
};

// Adds what pictures, sound, film and documents cost each model and, behind the last, `own`.
void add_media(std::span<const Model> models, const Framing& own, const ChatShape& shape,
               std::span<InputCount> counts);

}  // namespace steelyard::router
