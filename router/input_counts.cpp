#include "router/input_counts.h"

#include <emmintrin.h>

#include <algorithm>

#include "router/catalog.h"
#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

constexpr float most = 1 << 30;
constexpr float almost_half = 0.499f;  // rounds a bound up, but not one that is a whole number

float percent(std::int64_t value) {
  return static_cast<float>(value) / 100.0f;
}

struct Weights {
  InputFeatures tokens, upper;
  void both(Feature f, std::int32_t value) { tokens[f] = upper[f] = static_cast<float>(value); }
};

// The sums of frame_chat as weights.
Weights weights_of(const Framing& framing) {
  const ChatRow& row = *framing.chat;
  Weights w;
  w.both(Feature::request, row.per_request);
  w.both(Feature::messages, row.per_message);
  w.both(Feature::names, row.per_name);
  w.both(Feature::tool_calls, row.per_tool_call);
  w.tokens[Feature::text] = percent(framing.percent);
  w.upper[Feature::text] = percent(framing.upper_percent);
  w.tokens[Feature::with_tools] = static_cast<float>(row.with_tools);
  w.upper[Feature::with_tools] = static_cast<float>(row.with_tools_upper);
  w.tokens[Feature::system_with_tools] = static_cast<float>(row.system_with_tools);
  w.tokens[Feature::tool_text] = percent(framing.percent) * percent(row.tool_json_percent);
  w.upper[Feature::tool_text] = percent(framing.upper_percent);
  w.upper[Feature::tools] = 12 * percent(framing.upper_percent);
  w.upper[Feature::request] += static_cast<float>(row.slack_per_request);
  w.upper[Feature::messages] += static_cast<float>(row.slack_per_message);
  return w;
}

// The features that are not zero, each in all four lanes.
struct Active {
  __m128 value[feature_count];  // std::array would lose its alignment
  std::array<std::uint32_t, feature_count> feature;
  std::size_t count = 0;
  void add(const InputFeatures& features, Feature f) {
    value[count] = _mm_set1_ps(features[f]);
    feature[count++] = static_cast<std::uint32_t>(f);
  }
};

// A plain chat has the first three and nothing else.
constexpr std::size_t plain_features = 3;

Active active(const InputFeatures& features) {
  Active out;
  for (std::size_t k = 0; k < plain_features; ++k) out.add(features, static_cast<Feature>(k));
  const float* const rest = features.value.data();
  if (rest[3] == 0 && rest[4] == 0 && rest[5] == 0) return out;  // nothing without tools
  for (std::size_t k = plain_features; k < feature_count; ++k)
    if (features.value[k] != 0) out.add(features, static_cast<Feature>(k));
  return out;
}

// Of NaN and of less than nothing: 0.
__m128i rounded(__m128 value) {
  return _mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(value, _mm_setzero_ps()), _mm_set1_ps(most)));
}

std::int32_t rounded(float value) {
  return _mm_cvtsi128_si32(rounded(_mm_set1_ps(value)));
}

}  // namespace

InputFeatures features_of(const ChatShape& shape) {
  const auto number = [](std::int64_t value) {
    return static_cast<float>(std::max<std::int64_t>(value, 0));
  };
  InputFeatures f;
  f[Feature::request] = 1;
  f[Feature::text] = number(shape.text_tokens);
  f[Feature::messages] = number(shape.messages);
  f[Feature::names] = number(shape.names);
  f[Feature::tool_calls] = number(shape.tool_calls);
  if (shape.tools <= 0) return f;
  f[Feature::with_tools] = 1;
  f[Feature::system_with_tools] = shape.has_system ? 1 : 0;
  f[Feature::tool_text] = number(shape.tool_json_tokens);
  f[Feature::tools] = number(shape.tools);
  return f;
}

InputRows::InputRows(std::span<const Model> models, const Framing& own)
    : models_(models.size()), weights_((models.size() / 4 + 1) * feature_count) {
  const auto own_group = static_cast<std::uint32_t>(models_ / 4);
  for (std::size_t m = 0; m < models_; ++m) {
    set(m, models[m].framing);
    const auto group = static_cast<std::uint32_t>(m / 4);
    const bool listed = !served_.empty() && served_.back() == group;
    if (models[m].target_count > 0 && !listed) served_.push_back(group);
  }
  set(models_, own);
  if (served_.empty() || served_.back() != own_group) served_.push_back(own_group);
}

void InputRows::set(std::size_t row, const Framing& framing) {
  const Weights w = weights_of(framing);
  for (std::size_t k = 0; k < feature_count; ++k) {
    WeightPair& pair = weights_[row / 4 * feature_count + k];
    pair.tokens[row % 4] = w.tokens.value[k];
    pair.upper[row % 4] = w.upper.value[k];
  }
}

// `known`: the first so many features and no others, which the compiler can unroll; else 0.
template <std::size_t known>
void InputRows::count_groups(const void* active, InputCount* out) const {
  const Active& f = *static_cast<const Active*>(active);
  const std::size_t features = known != 0 ? known : f.count;
  for (const std::uint32_t g : served_) {
    __m128 tokens = _mm_setzero_ps(), bound = _mm_set1_ps(almost_half);
#pragma GCC unroll 3
    for (std::size_t i = 0; i < features; ++i) {
      const WeightPair& w = weights_[g * feature_count + (known != 0 ? i : f.feature[i])];
      tokens = _mm_add_ps(tokens, _mm_mul_ps(f.value[i], _mm_load_ps(w.tokens.data())));
      bound = _mm_add_ps(bound, _mm_mul_ps(f.value[i], _mm_load_ps(w.upper.data())));
    }
    const __m128i likely = rounded(tokens);
    const __m128i at_most = rounded(_mm_max_ps(bound, tokens));
    auto* to = reinterpret_cast<__m128i*>(out + g * 4);
    _mm_storeu_si128(to, _mm_unpacklo_epi32(likely, at_most));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(likely, at_most));
  }
}

void InputRows::count(const InputFeatures& features, std::vector<InputCount>& out) const {
  const std::size_t rows = weights_.size() / feature_count * 4;
  if (out.size() != rows) out.assign(rows, {});
  const Active f = active(features);
  if (f.count == plain_features) {
    count_groups<plain_features>(&f, out.data());
  } else {
    count_groups<0>(&f, out.data());
  }
}

InputCount InputRows::count_one(const InputFeatures& features, std::size_t model) const {
  float tokens = 0, bound = almost_half;
  for (std::size_t k = 0; k < feature_count; ++k) {
    const WeightPair& w = weights_[model / 4 * feature_count + k];
    tokens += features.value[k] * w.tokens[model % 4];
    bound += features.value[k] * w.upper[model % 4];
  }
  return {rounded(tokens), rounded(std::max(bound, tokens))};
}

void add_images(std::span<const Model> models, const Framing& own,
                std::span<const ImageShape> images, std::span<InputCount> counts) {
  const auto sum = [](std::int64_t a, std::int64_t b) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(a + b, 1 << 30));
  };
  for (std::size_t m = 0; m < std::min(models.size() + 1, counts.size()); ++m) {
    const ImageRow& row = m < models.size() ? *models[m].framing.image : *own.image;
    const TokenCount more = images_of(images, row);
    counts[m] = {sum(counts[m].tokens, more.tokens), sum(counts[m].upper, more.upper)};
  }
}

CountQuality quality_of(const Framing& framing, const InputFeatures& features, bool media) {
  const bool plain = features[Feature::with_tools] == 0 && features[Feature::tool_calls] == 0;
  const bool exact = framing.exact_text && framing.chat->exact && plain && !media;
  return exact ? CountQuality::exact : CountQuality::prior;
}

}  // namespace steelyard::router
