#include "tests/bench/common/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace steelyard::bench {

// Below 2^7 a class per value; above, the leading 8 bits choose the class.
std::size_t Histogram::class_of(std::uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kSubBits - 1);
  return (static_cast<std::size_t>(shift) << kSubBits) + (value >> shift);
}

std::uint64_t Histogram::upper_edge(std::size_t index) {
  const std::size_t shift = index < (2u << kSubBits) ? 0 : (index >> kSubBits) - 1;
  const std::uint64_t lead = index - (shift << kSubBits);
  return ((lead + 1) << shift) - 1;
}

void Histogram::add(std::int64_t nanoseconds) {
  nanoseconds = std::max<std::int64_t>(nanoseconds, 0);
  ++classes_[class_of(static_cast<std::uint64_t>(nanoseconds))];
  ++count_;
  sum_ += static_cast<double>(nanoseconds);
  max_ = std::max(max_, nanoseconds);
}

std::int64_t Histogram::percentile(double fraction) const {
  if (count_ == 0) return 0;
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kClasses; ++i) {
    seen += classes_[i];
    if (seen >= wanted) return std::min(static_cast<std::int64_t>(upper_edge(i)), max_);
  }
  return max_;
}

}  // namespace steelyard::bench
