#pragma once
// A page of Prometheus text as `ledger verify` reads it: samples by name, figures as exact
// decimals.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/money.h"
#include "config/types/result.h"

namespace steelyard::reports {

struct MetricSample {
  std::map<std::string, std::string, std::less<>> labels;
  NanoUsd value;  // times 10^9: of dollars the nano-dollars
};

class MetricsPage {
 public:
  // Fails on a line that is no sample of ours, naming its number; samples that are no plain decimal
  // (floating-point exponents, +Inf) are passed over.
  static Result<MetricsPage> parse(std::string_view text);

  // All samples of a metric, in the order of the page; none: it is not there.
  const std::vector<MetricSample>& of(std::string_view name) const;
  // Their sum.
  Int128 sum(std::string_view name) const;
  bool has(std::string_view name) const { return samples_.find(name) != samples_.end(); }

 private:
  std::map<std::string, std::vector<MetricSample>, std::less<>> samples_;
};

}  // namespace steelyard::reports
