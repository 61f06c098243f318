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

  // estimate().mean alone.
  std::int64_t mean(std::uint64_t route, std::uint64_t model) const;

  // mean() for many models of one route: what the planner asks for every candidate. Valid until the
  // next observe().
  class RouteMeans;
  RouteMeans means_of(std::uint64_t route) const;

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
  // What mean() found in the table for one pair, kept for the next plan.
  struct Cell {
    std::uint64_t model = 0;
    std::uint32_t version = 0;  // of the model when it was filled; 0: empty
    float any_share = 0, any_mean = 0, own_share = 0, own_mean = 0;
  };
  static constexpr std::size_t rows = 8, row_cells = 128, versions = 256;
  static double lean(double mean, float share, float towards) {
    return mean + static_cast<double>(share) * (static_cast<double>(towards) - mean);
  }
  std::uint32_t version_of(std::uint64_t model) const { return versions_[model % versions]; }
  void outdate(std::size_t version) {
    if (++versions_[version] == 0) versions_[version] = 1;
  }
  void look_up(Cell& cell, std::uint64_t route, std::uint64_t model) const;
  void find_least();

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
  std::uint32_t observed_ = 0;
  float least_ = 0;                          // no entry's mean is below it, nor is the prior
  mutable std::uint64_t route_mean_of_ = 0;  // memo of route_mean()
  mutable std::uint32_t route_mean_clock_ = UINT32_MAX;
  mutable double route_mean_ = 0;
  std::size_t used_ = 0;
  std::vector<std::uint64_t> keys_;               // sets of 8, a cache line each; 0: free
  std::vector<Entry> table_;                      // parallel to keys_
  std::array<std::uint32_t, versions> versions_;  // by model: outdates its cells
  mutable std::array<std::uint64_t, rows> row_routes_{};
  mutable std::vector<Cell> cells_;  // rows of row_cells
};

class OutputEstimates::RouteMeans {
 public:
  // No mean() is below it.
  std::int64_t least() const { return static_cast<std::int64_t>(owner_->least_) - 1; }
  // mean(route, model). `index` spreads the models over the row: their place in the catalogue.
  std::int64_t mean(std::size_t index, std::uint64_t model) const {
    Cell& cell = cells_[index % row_cells];
    if (cell.model != model || cell.version != owner_->version_of(model))
      owner_->look_up(cell, route_, model);
    const double elsewhere = lean(base_, cell.any_share, cell.any_mean);
    return static_cast<std::int64_t>(lean(elsewhere, cell.own_share, cell.own_mean) + 0.5);
  }

 private:
  friend class OutputEstimates;
  RouteMeans(const OutputEstimates& owner, std::uint64_t route, Cell* cells)
      : owner_(&owner), route_(route), cells_(cells), base_(owner.route_mean(route)) {}
  const OutputEstimates* owner_;
  std::uint64_t route_;
  Cell* cells_;
  double base_;
};

}  // namespace steelyard::router
