#pragma once
// Where to cut an input into segments: derived from the input itself, so that a finding repeats.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace steelyard::fuzz {

// Ascending offsets, about one every `step` bytes on average.
inline std::vector<std::size_t> cuts_of(std::string_view input, std::uint32_t step) {
  std::uint32_t state = 2166136261u;
  for (const char c : input) state = (state ^ static_cast<unsigned char>(c)) * 16777619u;
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0;;) {
    state = state * 1664525u + 1013904223u;
    at += (state >> 16) % (2 * step) + 1;
    if (at >= input.size()) return cuts;
    cuts.push_back(at);
  }
}

// A copy on the heap of exactly its size: a read past the end is caught.
inline std::vector<char> exact(std::string_view text) {
  return {text.begin(), text.end()};
}

}  // namespace steelyard::fuzz

#define FUZZ_REQUIRE(condition) \
  if (!(condition)) __builtin_trap()
