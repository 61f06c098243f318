#pragma once
// How long answers turn out: learned per (route, model), since models differ 13-fold on the same
// tasks (research/routing 5). Streaming log histograms with exponential forgetting; bounded; owned
// by one worker.
#include <array>
#include <cstdint>
#include <vector>

namespace steelyard::router {

struct OutputLength {
  std::int64_t mean = 0;  // tokens; for choosing
  std::int64_t p95 = 0;   // tokens; for pacing and display, never instead of a hard bound
  double evidence = 0;    // observations behind it after forgetting; 0: only the prior
};

struct OutputEstimateOptions {
  std::uint32_t entries =
      1024;  // (route, model) pairs remembered, 200 bytes each; rounded up to a power of 2
  double half_life = 256;         // observations after which one counts half
  std::int64_t prior_mean = 600;  // before any evidence
  double prior_weight = 4;        // the prior counts as this many observations
};

class OutputEstimates {
 public:
  explicit OutputEstimates(OutputEstimateOptions options = {});

  // `route` and `model` are stable ids (Verdict::route, Model::id). One answer's output, all
  // choices together divided by their number.
  void observe(std::uint64_t route, std::uint64_t model, std::int64_t tokens);

  // A pair without evidence leans on what the model does elsewhere, that on what other models do on
  // the route, and that on the prior.
  OutputLength estimate(std::uint64_t route, std::uint64_t model) const;

  // estimate().mean alone: what the planner asks for every candidate.
  std::int64_t mean(std::uint64_t route, std::uint64_t model) const;

  std::size_t entries() const { return used_; }

 private:
  static constexpr std::size_t bins = 40;  // half octaves from 1 to 2^20
  struct Entry {
    std::uint32_t last_used = 0;
    float step = 1;    // weight of the next observation; grows instead of all others shrinking
    float weight = 0;  // sum over bins
    float sum = 0;     // weight * tokens
    // Worked out when observed, because they are asked for once per candidate of every request:
    float mean = 0;   // sum / weight
    float share = 0;  // how much `mean` counts against what stands above the entry, 0 to 1
    std::array<float, bins> histogram{};
  };
  std::size_t set_of(std::uint64_t key) const { return (key & set_mask_) * 8; }
  const Entry* find(std::uint64_t key) const;
  Entry& claim(std::uint64_t key);
  void add(std::uint64_t key, std::int64_t tokens);
  std::int64_t quantile(const Entry& entry, double q) const;

  double route_mean(std::uint64_t route) const;

  OutputEstimateOptions options_;
  float growth_;
  std::size_t set_mask_;
  std::uint32_t clock_ = 0;
  mutable std::uint64_t route_mean_of_ = 0;  // memo of route_mean()
  mutable std::uint32_t route_mean_clock_ = UINT32_MAX;
  mutable double route_mean_ = 0;
  std::size_t used_ = 0;
  std::vector<std::uint64_t> keys_;  // sets of 8, a cache line each; 0: free
  std::vector<Entry> table_;         // parallel to keys_
};

}  // namespace steelyard::router
