#include "router/input_counts.h"

#include <emmintrin.h>

#include <algorithm>

#include "router/catalog.h"
#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

constexpr float tokens_most = 1 << 30;
constexpr float rounds_up = 0.25f;         // a bound; a whole number (to 2^22) stays what it is
constexpr std::size_t plain_features = 8;  // a first question has these and no others

using Four [[gnu::vector_size(16)]] = float;

// Of NaN and of less than nothing: 0.
std::int32_t rounded(float value) {
  const __m128 low = _mm_max_ss(_mm_set_ss(value), _mm_setzero_ps());
  return _mm_cvtss_si32(_mm_min_ss(low, _mm_set_ss(tokens_most)));
}

// Always summed in this order: a row whose weights are nowhere larger never counts more, however
// the sums are rounded.
float weighed(const InputFeatures& features, const InputWeights& row, bool plain) {
  const float* const f = features.value.data();
  const float* const w = row.tokens.value.data();
  Four sum = _mm_load_ps(f) * _mm_load_ps(w) + _mm_load_ps(f + 4) * _mm_load_ps(w + 4);
  if (!plain)
    sum += _mm_load_ps(f + 8) * _mm_load_ps(w + 8) + _mm_load_ps(f + 12) * _mm_load_ps(w + 12) +
           _mm_load_ps(f + 16) * _mm_load_ps(w + 16) + _mm_load_ps(f + 20) * _mm_load_ps(w + 20);
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

float bound_of(float tokens, const InputFeatures& features, const InputWeights& row, bool plain) {
  float bound =
      tokens * row.factor + row.per_request + features[Feature::messages] * row.per_message;
  if (plain) return bound;
  bound += features[Feature::with_tools] * row.with_tools + features[Feature::tools] * row.per_tool;
  bound += features[Feature::tool_calls] * row.per_call;
  bound += features[Feature::tool_text] * row.tool_text;
  bound += features[Feature::schema_text] * row.schema_text;
  return bound + features[Feature::with_schema] * row.with_schema;
}

bool is_plain(const InputFeatures& features) {
  static_assert(feature_count == 24 && plain_features == 8);
  const float* const f = features.value.data();
  const __m128 some = _mm_or_ps(_mm_or_ps(_mm_load_ps(f + 8), _mm_load_ps(f + 12)),
                                _mm_or_ps(_mm_load_ps(f + 16), _mm_load_ps(f + 20)));
  return _mm_movemask_ps(_mm_cmpeq_ps(some, _mm_setzero_ps())) == 0xf;
}

InputCount count_with(const InputFeatures& features, const InputWeights& row, bool plain) {
  const float tokens = weighed(features, row, plain);
  const float bound = bound_of(tokens, features, row, plain);
  return {rounded(tokens), rounded(std::max(bound, tokens) + rounds_up)};
}

// Weight by weight.
template <class Pick>
void fold(InputWeights& into, const InputWeights& row, Pick pick) {
  for (std::size_t k = 0; k < feature_count; ++k)
    into.tokens.value[k] = pick(into.tokens.value[k], row.tokens.value[k]);
  for (float InputWeights::*each :
       {&InputWeights::factor, &InputWeights::per_request, &InputWeights::per_message,
        &InputWeights::with_tools, &InputWeights::per_tool, &InputWeights::per_call,
        &InputWeights::tool_text, &InputWeights::schema_text, &InputWeights::with_schema})
    into.*each = pick(into.*each, row.*each);
}

}  // namespace

InputRows::InputRows(std::span<const Model> models, const Framing& own) : models_(models.size()) {
  for (std::size_t m = 0; m < models_; ++m) {
    rows_.push_back(weights_of(models[m].framing));
    if (models[m].target_count > 0) served_.push_back(static_cast<std::uint32_t>(m));
  }
  rows_.push_back(weights_of(own));
  tighten();
}

void InputRows::set(std::size_t model, const InputWeights& weights) {
  constexpr std::uint32_t sets_between = 4096;
  rows_[model] = weights;
  if (++sets_ % sets_between == 0) return tighten();
  fold(least_, weights, [](float a, float b) { return std::min(a, b); });
  fold(most_, weights, [](float a, float b) { return std::max(a, b); });
}

void InputRows::tighten() {
  if (served_.empty()) return;
  least_ = most_ = rows_[served_.front()];
  for (const std::uint32_t m : served_) {
    fold(least_, rows_[m], [](float a, float b) { return std::min(a, b); });
    fold(most_, rows_[m], [](float a, float b) { return std::max(a, b); });
  }
}

void InputRows::count(const InputFeatures& features, std::vector<InputCount>& out) const {
  if (out.size() != rows_.size()) out.assign(rows_.size(), {});
  const bool plain = is_plain(features);
  for (const std::uint32_t m : served_) out[m] = count_with(features, rows_[m], plain);
  out[models_] = count_with(features, rows_[models_], plain);
}

InputCount InputRows::count_one(const InputFeatures& features, std::size_t model) const {
  return count_with(features, rows_[model], is_plain(features));
}

InputCount InputRows::least_and_most(const InputFeatures& features) const {
  const bool plain = is_plain(features);
  return {rounded(weighed(features, least_, plain)), count_with(features, most_, plain).upper};
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
