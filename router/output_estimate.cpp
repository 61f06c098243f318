#include "router/output_estimate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace steelyard::router {
namespace {

constexpr std::size_t ways = 8;
constexpr std::uint64_t any_route = 0x9e3779b97f4a7c15u;
constexpr std::uint64_t any_model = 0xd1b54a32d192ed03u;
constexpr float rescale_above = 1e12f;
constexpr double prior_spread =
    3.1;  // p95 over mean of a log-normal with sigma 1, about what is seen

std::uint64_t key_of(std::uint64_t route, std::uint64_t model) {
  std::uint64_t x = model ^ std::rotl(route, 29) * 0xff51afd7ed558ccdu;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
  x ^= x >> 29;
  return x == 0 ? 1 : x;
}

// From the general to the particular. The route comes first: a model nobody has tried on it is
// expected to answer as the others do there, not as the prior says; else the first model that is
// tried would look short-spoken beside all others and be kept for ever.
std::array<std::uint64_t, 3> chain_of(std::uint64_t route, std::uint64_t model) {
  return {key_of(route, any_model), key_of(any_route, model), key_of(route, model)};
}

// Half octaves: [2^k, 1.5 * 2^k), [1.5 * 2^k, 2^(k+1)).
std::size_t bin_of(std::int64_t tokens, std::size_t bins) {
  const auto n = static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 1));
  const auto octave = static_cast<std::size_t>(std::bit_width(n) - 1);
  const std::size_t upper = octave > 0 ? n >> (octave - 1) & 1u : 0;
  return std::min(octave * 2 + upper, bins - 1);
}

double lower_edge(std::size_t bin) {
  const double octave = std::ldexp(1.0, static_cast<int>(bin / 2));
  return bin % 2 == 0 ? octave : octave * 1.5;
}

}  // namespace

OutputEstimates::OutputEstimates(OutputEstimateOptions options)
    : options_(options),
      growth_(static_cast<float>(std::exp2(1.0 / std::max(options.half_life, 1.0)))),
      keys_(std::bit_ceil(std::clamp<std::size_t>(options.entries, ways, std::size_t{1} << 24))),
      table_(keys_.size()),
      cells_(rows * row_cells) {
  find_least();
  versions_.fill(1);
  set_mask_ = keys_.size() / ways - 1;
}

const OutputEstimates::Entry* OutputEstimates::find(std::uint64_t key) const {
  const std::size_t first = set_of(key);
  for (std::size_t i = first; i < first + ways; ++i)
    if (keys_[i] == key) return &table_[i];
  return nullptr;
}

// The pair's entry; else a free one; else the least recently observed of its set.
OutputEstimates::Entry& OutputEstimates::claim(std::uint64_t key) {
  const std::size_t first = set_of(key);
  std::size_t victim = first;
  for (std::size_t i = first; i < first + ways; ++i) {
    if (keys_[i] == key) return table_[i];
    if (keys_[victim] != 0 && (keys_[i] == 0 || table_[i].last_used < table_[victim].last_used))
      victim = i;
  }
  if (keys_[victim] == 0) {
    ++used_;
  } else {  // whose it was is not known any more
    for (std::size_t i = 0; i < versions; ++i) outdate(i);
  }
  keys_[victim] = key;
  table_[victim] = Entry{};
  return table_[victim];
}

void OutputEstimates::add(std::uint64_t key, std::int64_t tokens) {
  Entry& entry = claim(key);
  entry.last_used = ++clock_;
  entry.step *= growth_;
  entry.weight += entry.step;
  entry.sum += entry.step * static_cast<float>(tokens);
  entry.histogram[bin_of(tokens, bins)] += entry.step;
  const double observations = static_cast<double>(entry.weight / entry.step);
  entry.mean = entry.sum / entry.weight;
  entry.share = static_cast<float>(observations / (observations + options_.prior_weight));
  least_ = std::min(least_, entry.mean);
  if (entry.step < rescale_above) return;
  for (float* value : {&entry.weight, &entry.sum}) *value /= entry.step;
  for (float& bin : entry.histogram) bin /= entry.step;
  entry.step = 1;
}

void OutputEstimates::observe(std::uint64_t route, std::uint64_t model, std::int64_t tokens) {
  if (tokens < 0) return;
  tokens = std::min<std::int64_t>(tokens, std::int64_t{1} << 22);
  add(key_of(route, model), tokens);
  add(key_of(any_route, model), tokens);
  add(key_of(route, any_model), tokens);
  outdate(model % versions);
  if (++observed_ % 1024 == 0) find_least();  // short answers of long ago are forgotten
}

void OutputEstimates::find_least() {
  least_ = static_cast<float>(options_.prior_mean);
  for (const Entry& entry : table_)
    if (entry.weight > 0) least_ = std::min(least_, entry.mean);
}

std::int64_t OutputEstimates::quantile(const Entry& entry, double q) const {
  const double wanted = q * static_cast<double>(entry.weight);
  double seen = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const double here = static_cast<double>(entry.histogram[bin]);
    if (here <= 0 || seen + here < wanted) {
      seen += here;
      continue;
    }
    const double low = lower_edge(bin), high = lower_edge(bin + 1);
    return std::llround(low + (high - low) * (wanted - seen) / here);
  }
  return std::llround(lower_edge(bins));
}

// What the route's answers look like, whoever gives them: the same for all models of one plan.
double OutputEstimates::route_mean(std::uint64_t route) const {
  if (route_mean_clock_ == clock_ && route_mean_of_ == route) return route_mean_;
  const Entry* entry = find(key_of(route, any_model));
  double mean = static_cast<double>(options_.prior_mean);
  if (entry != nullptr)
    mean += static_cast<double>(entry->share) * (static_cast<double>(entry->mean) - mean);
  route_mean_of_ = route;
  route_mean_clock_ = clock_;
  return route_mean_ = mean;
}

std::int64_t OutputEstimates::mean(std::uint64_t route, std::uint64_t model) const {
  double mean = route_mean(route);
  for (const std::uint64_t key : {key_of(any_route, model), key_of(route, model)})
    if (const Entry* entry = find(key)) mean = lean(mean, entry->share, entry->mean);
  return static_cast<std::int64_t>(mean + 0.5);
}

void OutputEstimates::look_up(Cell& cell, std::uint64_t route, std::uint64_t model) const {
  cell = {model, version_of(model), 0, 0, 0, 0};
  if (const Entry* any = find(key_of(any_route, model))) {
    cell.any_share = any->share;
    cell.any_mean = any->mean;
  }
  if (const Entry* own = find(key_of(route, model))) {
    cell.own_share = own->share;
    cell.own_mean = own->mean;
  }
}

OutputEstimates::RouteMeans OutputEstimates::means_of(std::uint64_t route) const {
  const std::size_t row = (route ^ route >> 32) % rows;
  Cell* cells = &cells_[row * row_cells];
  if (row_routes_[row] != route) {
    std::fill_n(cells, row_cells, Cell{});
    row_routes_[row] = route;
  }
  return {*this, route, cells};
}

OutputLength OutputEstimates::estimate(std::uint64_t route, std::uint64_t model) const {
  OutputLength out;
  out.mean = mean(route, model);
  double p95 = static_cast<double>(options_.prior_mean) * prior_spread;
  for (const std::uint64_t key : chain_of(route, model)) {
    const Entry* entry = find(key);
    if (entry == nullptr) continue;
    p95 += static_cast<double>(entry->share) * (static_cast<double>(quantile(*entry, 0.95)) - p95);
    out.evidence = static_cast<double>(entry->weight / entry->step);
  }
  out.p95 = std::max(std::llround(p95), static_cast<long long>(out.mean));
  return out;
}

}  // namespace steelyard::router
