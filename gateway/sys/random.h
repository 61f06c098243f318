#pragma once
// Chance as a seam: xoshiro256** (Blackman and Vigna), seeded by the kernel in production and by
// the test in the simulator. Not for secrets.
#include <array>
#include <cstdint>

namespace steelyard::sys {

class Random {
 public:
  explicit Random(std::uint64_t seed);  // splitmix64 fills the state
  static Random from_kernel();
  std::uint64_t next();
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace steelyard::sys
