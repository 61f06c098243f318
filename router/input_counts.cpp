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
  std::array<std::size_t, feature_count> feature;
  std::size_t count = 0;
};

Active active(const InputFeatures& features) {
  Active out;
  for (std::size_t k = 0; k < feature_count; ++k) {
    if (features.value[k] == 0) continue;
    out.value[out.count] = _mm_set1_ps(features.value[k]);
    out.feature[out.count++] = k;
  }
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
    : models_(models.size()),
      groups_(models.size() / 4 + 1),
      weights_(feature_count * groups_),
      upper_(feature_count * groups_) {
  for (std::size_t m = 0; m < models_; ++m) set(m, models[m].framing);
  set(models_, own);
}

void InputRows::set(std::size_t row, const Framing& framing) {
  const Weights w = weights_of(framing);
  for (std::size_t k = 0; k < feature_count; ++k) {
    weights_[k * groups_ + row / 4].of[row % 4] = w.tokens.value[k];
    upper_[k * groups_ + row / 4].of[row % 4] = w.upper.value[k];
  }
}

void InputRows::count(const InputFeatures& features, std::vector<InputCount>& out) const {
  if (out.size() != groups_ * 4) out.resize(groups_ * 4);
  const Active f = active(features);
  auto* to = reinterpret_cast<__m128i*>(out.data());
  for (std::size_t g = 0; g < groups_; ++g, to += 2) {
    __m128 tokens = _mm_setzero_ps(), bound = _mm_set1_ps(almost_half);
    for (std::size_t i = 0; i < f.count; ++i) {
      const std::size_t at = f.feature[i] * groups_ + g;
      tokens = _mm_add_ps(tokens, _mm_mul_ps(f.value[i], _mm_load_ps(weights_[at].of.data())));
      bound = _mm_add_ps(bound, _mm_mul_ps(f.value[i], _mm_load_ps(upper_[at].of.data())));
    }
    const __m128i likely = rounded(tokens);
    const __m128i at_most = rounded(_mm_max_ps(bound, tokens));
    _mm_storeu_si128(to, _mm_unpacklo_epi32(likely, at_most));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(likely, at_most));
  }
}

InputCount InputRows::count_one(const InputFeatures& features, std::size_t model) const {
  float tokens = 0, bound = almost_half;
  for (std::size_t k = 0; k < feature_count; ++k) {
    const std::size_t at = k * groups_ + model / 4;
    tokens += features.value[k] * weights_[at].of[model % 4];
    bound += features.value[k] * upper_[at].of[model % 4];
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
