#include "gateway/mock/chance.h"

#include <algorithm>
#include <cmath>

namespace steelyard::mock {
namespace {

constexpr std::uint64_t kFailure = 1;
constexpr std::uint64_t kLatency = 2;

// SplitMix64's finaliser (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

double unit(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

std::uint64_t draw(std::int64_t seed, std::uint64_t number, std::uint64_t purpose) {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
  return mix(mix(static_cast<std::uint64_t>(seed) + golden * purpose) + golden * number);
}

bool fails(const Behaviour& b, std::uint64_t number) {
  if (b.status == 0 && b.fault == Fault::none) return false;
  if (b.fail_rate < 0 && b.fail_first == 0 && b.fail_every == 0) return true;
  if (number <= static_cast<std::uint64_t>(b.fail_first)) return true;
  if (b.fail_every != 0 && number % static_cast<std::uint64_t>(b.fail_every) == 0) return true;
  return b.fail_rate > 0 && unit(draw(b.seed, number, kFailure)) < b.fail_rate;
}

// The quantile function through (0, p50/2), (.5, p50), (.9, p90), (.99, p99), (1, 1.5 p99),
// straight between them.
std::int64_t latency_us(const Behaviour& b, std::uint64_t number) {
  if (b.latency_p50_us == 0 && b.latency_p90_us == 0 && b.latency_p99_us == 0) return b.latency_us;
  const double p50 = static_cast<double>(b.latency_p50_us);
  const double p90 = std::max(p50, static_cast<double>(b.latency_p90_us));
  const double p99 = std::max(p90, static_cast<double>(b.latency_p99_us));
  const double at[] = {0, 0.5, 0.9, 0.99, 1};
  const double value[] = {p50 / 2, p50, p90, p99, 1.5 * p99};
  const double u = unit(draw(b.seed, number, kLatency));
  int i = 0;
  while (i < 3 && u >= at[i + 1]) ++i;
  const double part = (u - at[i]) / (at[i + 1] - at[i]);
  return std::llround(value[i] + part * (value[i + 1] - value[i]));
}

}  // namespace steelyard::mock
