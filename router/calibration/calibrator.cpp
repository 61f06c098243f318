#include "router/calibration/calibrator.h"

#include <emmintrin.h>

#include <algorithm>
#include <cmath>

namespace steelyard::router {
namespace {

constexpr std::size_t n = feature_count;
static_assert(n % 4 == 0);

constexpr float noise_least = 0.004f, noise_most = 0.25f;
constexpr float floor_tokens = 1.5f;  // a bill is a whole number, and frames have small print
constexpr float cut_at = 2.5f;        // standard deviations from which on a bill counts less
constexpr float strange_at = 6.0f;    // and from which on not at all
constexpr std::int32_t strange_most = 6;
constexpr float drift = 1e-6f;  // of the prior's variance, a bill
constexpr float ratio_from = 0.7f, ratio_step = 0.025f;
constexpr std::uint32_t tail_most = 8192;
constexpr float tail_share = 0.002f;

float sum_of(__m128 v) {
  const __m128 pairs = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1)));
}

float dot(const float* a, const float* b) {
  __m128 sum = _mm_setzero_ps();
  for (std::size_t i = 0; i < n; i += 4)
    sum = _mm_add_ps(sum, _mm_mul_ps(_mm_loadu_ps(a + i), _mm_loadu_ps(b + i)));
  return sum_of(sum);
}

bool sane(float value, float least, float most) {
  return std::isfinite(value) && value >= least && value <= most;
}

}  // namespace

Calibrator::Calibrator(const CalibrationPrior& prior)
    : prior_(prior), weight_(prior.weight), noise_(prior.noise), factor_(prior.factor) {
  open_again();
}

// What a provider may put around text whose tokens are known: learned only once plain requests are
// billed otherwise than counted, several times in a row.
float Calibrator::deviation(std::size_t feature) const {
  const float own = prior_.deviation.value[feature];
  if (!frames_drift_ || own > 0) return own;
  switch (static_cast<Feature>(feature)) {
    case Feature::request: return 40;
    case Feature::messages:
    case Feature::replies: return 1;
    default: return 0;
  }
}

void Calibrator::open_again() {
  for (std::size_t i = 0; i < n; ++i) {
    covariance_[i] = {};
    covariance_[i].of[i] = deviation(i) * deviation(i);
  }
  factor_ = std::max(factor_, prior_.factor);
  tail_.fill(0);
  tail_total_ = 0;
}

float Calibrator::predict(const InputFeatures& features) const {
  return std::max(dot(features.value.data(), weight_.value.data()), 0.0f);
}

// gain = covariance * features; returns the variance of the prediction.
float Calibrator::spread(const InputFeatures& scaled, Row& gain) const {
  __m128 sum[n / 4] = {};
  for (std::size_t k = 0; k < n; ++k) {
    if (scaled.value[k] == 0) continue;
    const __m128 factor = _mm_set1_ps(scaled.value[k]);
    const float* const row = covariance_[k].of.data();  // symmetric: also the column
    for (std::size_t i = 0; i < n / 4; ++i)
      sum[i] = _mm_add_ps(sum[i], _mm_mul_ps(factor, _mm_load_ps(row + 4 * i)));
  }
  for (std::size_t i = 0; i < n / 4; ++i) _mm_store_ps(gain.of.data() + 4 * i, sum[i]);
  return std::max(dot(gain.of.data(), scaled.value.data()), 0.0f);
}

CalibrationResult Calibrator::observe(const InputFeatures& features, float billed) {
  CalibrationResult result;
  result.predicted = predict(features);
  if (!(billed >= 1) || billed > 1e9f) return result;
  const float off = billed - result.predicted;
  result.error = off / billed;
  const float scale = 1 / (noise_ * std::max(result.predicted, billed / 2) + floor_tokens);
  InputFeatures scaled;
  for (std::size_t i = 0; i < n; ++i) scaled.value[i] = features.value[i] * scale;
  Row gain;
  float variance = 1 + spread(scaled, gain);
  float deviations = off * scale / std::sqrt(variance);
  const bool settled = variance == 1;  // nothing in this request is open to learning
  if (settled && std::fabs(off) < 0.75f) {
    strange_ = 0;
    note_ratio(result.predicted, billed);
    ++observations_;
    result.learned = true;
    return result;
  }
  if (settled || std::fabs(deviations) > strange_at) {
    const std::int32_t side = deviations > 0 ? 1 : -1;
    strange_ = strange_ * side > 0 ? strange_ + side : side;
    if (strange_ * side < strange_most) return result;
    frames_drift_ = frames_drift_ || settled;
    open_again();
    result.reset = true;
    variance = 1 + spread(scaled, gain);
    deviations = off * scale / std::sqrt(variance);
  }
  strange_ = 0;
  const float size = std::fabs(deviations);
  const float step = off * scale / variance * (size > cut_at ? cut_at / size : 1);
  const float shrink = 1 / variance;
  for (std::size_t i = 0; i < n; ++i) weight_.value[i] += gain.of[i] * step;
  for (std::size_t k = 0; k < n; ++k) {
    if (gain.of[k] == 0) continue;
    const __m128 factor = _mm_set1_ps(gain.of[k] * shrink);
    float* const row = covariance_[k].of.data();
    for (std::size_t i = 0; i < n; i += 4)
      _mm_store_ps(row + i, _mm_sub_ps(_mm_load_ps(row + i),
                                       _mm_mul_ps(factor, _mm_load_ps(gain.of.data() + i))));
    const float own = deviation(k) * deviation(k);
    row[k] = std::clamp(row[k] + own * drift, own * drift, own);
  }
  const float seen = 1.25f * std::fabs(off) / std::max(result.predicted, 50.0f);
  noise_ = std::clamp(noise_ + 0.02f * (std::min(seen, 0.3f) - noise_), noise_least, noise_most);
  note_ratio(result.predicted, billed);
  ++observations_;
  result.learned = true;
  return result;
}

void Calibrator::note_ratio(float predicted, float billed) {
  const float ratio = (billed - slack_tokens) / std::max(predicted, 1.0f);
  const float place = std::clamp((ratio - ratio_from) / ratio_step, 0.0f, 63.0f);
  ++tail_[static_cast<std::size_t>(place)];
  if (++tail_total_ > tail_most) {
    tail_total_ = 0;
    for (std::uint16_t& count : tail_) tail_total_ += count /= 2;
  }
  if (tail_total_ % 32 == 0 && tail_total_ >= bound_from) set_factor();
}

// The upper edge of the bucket above which two bills in a thousand lie, and one bucket more.
void Calibrator::set_factor() {
  const auto allowed = static_cast<std::uint32_t>(static_cast<float>(tail_total_) * tail_share);
  std::uint32_t above = 0;
  std::size_t place = tail_.size();
  while (place > 0 && above + tail_[place - 1] <= allowed) above += tail_[--place];
  factor_ = std::max(1.0f, ratio_from + ratio_step * static_cast<float>(place + 1));
}

Calibrator::State Calibrator::state() const {
  State s{weight_, {}, noise_, factor_, observations_, tail_total_, tail_};
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(covariance_[i].of.begin(), n, s.covariance.begin() + static_cast<long>(i * n));
  return s;
}

bool Calibrator::restore(const State& s) {
  frames_drift_ = prior_.deviation[Feature::request] == 0 && s.covariance[0] > 0;
  bool good = sane(s.noise, noise_least, noise_most) && sane(s.factor, 1, 16);
  std::uint32_t total = 0;
  for (const std::uint16_t count : s.tail) total += count;
  good = good && total == s.tail_total && total <= tail_most + 1;
  for (std::size_t i = 0; i < n; ++i) {
    good = good && sane(s.weight.value[i], -1e6f, 1e6f);
    for (std::size_t j = 0; j < n; ++j) {
      const float most = deviation(i) * deviation(j) * 1.01f;
      const float value = s.covariance[i * n + j];
      good = good && sane(value, -most, most) && (i != j || value >= 0);
    }
  }
  if (!good) frames_drift_ = false;
  if (!good) return false;
  weight_ = s.weight;
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(s.covariance.begin() + static_cast<long>(i * n), n, covariance_[i].of.begin());
  noise_ = s.noise;
  factor_ = s.factor;
  observations_ = s.observations;
  tail_total_ = s.tail_total;
  tail_ = s.tail;
  return true;
}

}  // namespace steelyard::router
