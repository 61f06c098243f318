#pragma once
// Learns what a model makes of a request from the tokens its provider bills: recursive least
// squares over the features of router/input_counts.h, one filter for each model at a provider.
//
// The filter is Kalman's: the shipped weights are its prior, each with a standard deviation; a bill
// counts by its relative error, so a large prompt does not outvote small ones; what stays unseen
// may drift slowly. A bill far outside of what was thought possible teaches nothing, until several
// in a row agree: then the model behind the name has changed, and the filter opens again.
#include <array>
#include <cstddef>
#include <cstdint>

#include "router/input_counts.h"

namespace steelyard::router {

// Where a filter starts.
struct CalibrationPrior {
  InputFeatures weight;     // tokens a unit of the feature
  InputFeatures deviation;  // how far off that may be; 0: known exactly, never learned
  float factor = 1;         // upper bound over estimate, before enough bills were seen
  float noise = 0.06f;      // relative error expected of one bill
};
CalibrationPrior prior_of(const Framing& framing);

// What one bill said.
struct CalibrationResult {
  float predicted = 0;  // before learning
  float error = 0;      // (billed - predicted) / billed
  bool learned = false;
  bool reset = false;  // the filter opened again
};

class Calibrator {
 public:
  static constexpr std::uint32_t calibrated_from = 8;  // bills until estimates count as calibrated
  static constexpr std::uint32_t bound_from = 256;     // bills until the bound is a learned one
  static constexpr float slack_tokens = 8;             // every bound's, in addition to its factor

  Calibrator() = default;
  explicit Calibrator(const CalibrationPrior& prior);

  float predict(const InputFeatures& features) const;
  // `features`: of a whole request, or of what a turn added (then `billed` is what it added, too).
  // Bills of less than 1 token are ignored. About 450 instructions.
  CalibrationResult observe(const InputFeatures& features, float billed);

  const InputFeatures& weights() const { return weight_; }
  // Of every 1,000 bills at most two have been above predict() * factor() + slack_tokens.
  float factor() const { return factor_; }
  std::uint32_t observations() const { return observations_; }
  bool calibrated() const { return observations_ >= calibrated_from; }

  // What survives a restart. The prior comes from the catalogue again.
  struct State {
    InputFeatures weight;
    std::array<float, feature_count * feature_count> covariance;
    float noise, factor;
    std::uint32_t observations, tail_total;
    std::array<std::uint16_t, 64> tail;
  };
  State state() const;
  // False, and nothing taken, when a number in it is not one a filter can have.
  bool restore(const State& state);

 private:
  struct alignas(16) Row {
    std::array<float, feature_count> of{};
  };
  float spread(const InputFeatures& scaled, Row& gain) const;
  float deviation(std::size_t feature) const;
  void open_again();
  void note_ratio(float predicted, float billed);
  void set_factor();

  CalibrationPrior prior_;
  InputFeatures weight_;
  std::array<Row, feature_count> covariance_{};
  float noise_ = 0.06f, factor_ = 1;
  std::uint32_t observations_ = 0, tail_total_ = 0;
  bool frames_drift_ = false;  // what was known exactly is not so any more
  std::int32_t strange_ = 0;   // bills in a row that were far off; the sign says to which side
  std::array<std::uint16_t, 64> tail_{};  // bills by billed / predicted
};

}  // namespace steelyard::router
