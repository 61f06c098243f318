#include "router/input_counts.h"

#include <emmintrin.h>

#include <algorithm>

#include "router/catalog.h"
#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

constexpr float most = 1 << 30;
constexpr float rounds_up = 0.25f;         // a bound; a whole number (to 2^22) stays what it is
constexpr std::size_t plain_features = 8;  // a first question has these and no others

// Of NaN and of less than nothing: 0.
__m128i rounded(__m128 value) {
  return _mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(value, _mm_setzero_ps()), _mm_set1_ps(most)));
}

std::int32_t rounded(float value) {
  return _mm_cvtsi128_si32(rounded(_mm_set1_ps(value)));
}

__m128 four(float value) {
  return _mm_set1_ps(value);
}

__m128 times(__m128 factor, const std::array<float, 4>& of) {
  return _mm_mul_ps(factor, _mm_load_ps(of.data()));
}

}  // namespace

InputRows::InputRows(std::span<const Model> models, const Framing& own)
    : models_(models.size()), weights_(models.size() / 4 + 1) {
  const auto own_group = static_cast<std::uint32_t>(models_ / 4);
  for (std::size_t m = 0; m < models_; ++m) {
    set(m, weights_of(models[m].framing));
    const auto group = static_cast<std::uint32_t>(m / 4);
    const bool listed = !served_.empty() && served_.back() == group;
    if (models[m].target_count > 0 && !listed) served_.push_back(group);
  }
  set(models_, weights_of(own));
  if (served_.empty() || served_.back() != own_group) served_.push_back(own_group);
}

void InputRows::set(std::size_t model, const InputWeights& weights) {
  FourModels& four_models = weights_[model / 4];
  const std::size_t lane = model % 4;
  for (std::size_t k = 0; k < feature_count; ++k)
    four_models.tokens[k][lane] = weights.tokens.value[k];
  four_models.factor[lane] = weights.factor;
  four_models.per_request[lane] = weights.per_request;
  four_models.per_message[lane] = weights.per_message;
  four_models.with_tools[lane] = weights.with_tools;
  four_models.per_tool[lane] = weights.per_tool;
  four_models.per_call[lane] = weights.per_call;
  four_models.tool_text[lane] = weights.tool_text;
  four_models.schema_text[lane] = weights.schema_text;
}

template <bool plain>
void InputRows::count_groups(const InputFeatures& features, InputCount* out) const {
  constexpr std::size_t known = plain ? plain_features : feature_count;
  __m128 f[known];
  for (std::size_t k = 0; k < known; ++k) f[k] = four(features.value[k]);
  for (const std::uint32_t g : served_) {
    const FourModels& w = weights_[g];
    __m128 tokens = _mm_load_ps(w.tokens[0].data());  // Feature::request is always 1
#pragma GCC unroll 16
    for (std::size_t k = 1; k < known; ++k) tokens = _mm_add_ps(tokens, times(f[k], w.tokens[k]));
    __m128 bound = _mm_add_ps(times(tokens, w.factor), _mm_load_ps(w.per_request.data()));
    bound = _mm_add_ps(bound, times(f[2], w.per_message));
    if constexpr (!plain) {
      bound = _mm_add_ps(bound, times(four(features[Feature::with_tools]), w.with_tools));
      bound = _mm_add_ps(bound, times(four(features[Feature::tools]), w.per_tool));
      bound = _mm_add_ps(bound, times(four(features[Feature::tool_calls]), w.per_call));
      bound = _mm_add_ps(bound, times(four(features[Feature::tool_text]), w.tool_text));
      bound = _mm_add_ps(bound, times(four(features[Feature::schema_text]), w.schema_text));
    }
    const __m128i likely = rounded(tokens);
    const __m128i at_most = rounded(_mm_add_ps(_mm_max_ps(bound, tokens), four(rounds_up)));
    auto* to = reinterpret_cast<__m128i*>(out + g * std::size_t{4});
    _mm_storeu_si128(to, _mm_unpacklo_epi32(likely, at_most));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(likely, at_most));
  }
}

void InputRows::count(const InputFeatures& features, std::vector<InputCount>& out) const {
  if (out.size() != weights_.size() * 4) out.assign(weights_.size() * 4, {});
  const auto rest = features.value.begin() + plain_features;
  const bool plain = std::all_of(rest, features.value.end(), [](float f) { return f == 0; });
  if (plain) {
    count_groups<true>(features, out.data());
  } else {
    count_groups<false>(features, out.data());
  }
}

InputCount InputRows::count_one(const InputFeatures& features, std::size_t model) const {
  const FourModels& w = weights_[model / 4];
  const std::size_t lane = model % 4;
  float tokens = 0;
  for (std::size_t k = 0; k < feature_count; ++k) tokens += features.value[k] * w.tokens[k][lane];
  const float bound = tokens * w.factor[lane] + w.per_request[lane] +
                      features[Feature::messages] * w.per_message[lane] +
                      features[Feature::with_tools] * w.with_tools[lane] +
                      features[Feature::tools] * w.per_tool[lane] +
                      features[Feature::tool_calls] * w.per_call[lane] +
                      features[Feature::tool_text] * w.tool_text[lane] +
                      features[Feature::schema_text] * w.schema_text[lane];
  return {rounded(tokens), rounded(std::max(bound, tokens) + rounds_up)};
}

void add_media(std::span<const Model> models, const Framing& own, const ChatShape& shape,
               std::span<InputCount> counts) {
  const auto sum = [](std::int64_t a, std::int64_t b) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(a + b, 1 << 30));
  };
  for (std::size_t m = 0; m < std::min(models.size() + 1, counts.size()); ++m) {
    const Framing& framing = m < models.size() ? models[m].framing : own;
    const TokenCount images = images_of(shape.images, *framing.image);
    const TokenCount media = media_of(shape.media, *framing.media);
    counts[m] = {sum(counts[m].tokens, images.tokens + media.tokens),
                 sum(counts[m].upper, images.upper + media.upper)};
  }
}

}  // namespace steelyard::router
