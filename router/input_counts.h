#pragma once
// One request in the tokens of every model: what was counted once, times each model's weights. The
// weights are the rows of tokens/framing_table.cpp at load; calibration replaces them as it learns.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/tokens/framing.h"

namespace steelyard::router {

struct Model;

// What a count depends on. Numbers of a request; see ChatShape for their meaning.
enum class Feature : std::uint8_t {
  request,   // always 1
  text,      // ChatShape::text_tokens
  messages,  // each with its role
  names,
  tool_calls,
  with_tools,         // 0 or 1
  system_with_tools,  // 0 or 1
  tool_text,          // tokens of the definitions as JSON
  tools,
};
inline constexpr std::size_t feature_count = 9;

struct InputFeatures {
  std::array<float, feature_count> value{};
  float& operator[](Feature f) { return value[static_cast<std::size_t>(f)]; }
  float operator[](Feature f) const { return value[static_cast<std::size_t>(f)]; }
};

// Images are not in it: they follow a formula of their own (`add_images`).
InputFeatures features_of(const ChatShape& shape);

struct InputCount {
  std::int32_t tokens = 0;
  std::int32_t upper = 0;  // never below `tokens`
};

// Four models side by side, as the vector instructions of every x86-64 take them.
struct alignas(16) WeightPair {
  std::array<float, 4> tokens{}, upper{};
};

class InputRows {
 public:
  InputRows() = default;
  InputRows(std::span<const Model> models, const Framing& own);

  std::size_t models() const { return models_; }
  // The count of every model that somebody serves, rounded to the nearest, into `out` (grown once,
  // then reused); behind the last model the gateway's own, in its tokenizer with usual frames.
  // Models nobody serves may stay {0, 0}. Saturates at 2^30. Some 35 instructions for four models.
  void count(const InputFeatures& features, std::vector<InputCount>& out) const;
  // The same for one; `models()` is the gateway's own.
  InputCount count_one(const InputFeatures& features, std::size_t model) const;

 private:
  void set(std::size_t row, const Framing& framing);
  template <std::size_t known>
  void count_groups(const void* active, InputCount* out) const;

  std::size_t models_ = 0;
  std::vector<WeightPair> weights_;    // by group of four models, then by feature
  std::vector<std::uint32_t> served_;  // groups with a model that somebody serves
};

// Adds what the images cost each model and, behind the last, `own`.
void add_images(std::span<const Model> models, const Framing& own,
                std::span<const ImageShape> images, std::span<InputCount> counts);

// `exact` where tokenizer and frames are published and nothing else is in the request.
CountQuality quality_of(const Framing& framing, const InputFeatures& features, bool media);

}  // namespace steelyard::router
