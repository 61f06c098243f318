#pragma once
// Where in a configuration file a value was written: carried by specs so that later stages can
// point at it.
#include <cstdint>
#include <string>

namespace steelyard {

struct SourceSpan {
  std::uint32_t file = 0;    // index into the loader's list of files
  std::uint32_t line = 0;    // 1-based; 0: not from a file
  std::uint32_t column = 0;  // 1-based, bytes
  std::uint32_t length = 1;  // bytes to underline
};

// A value that remembers where it was written.
template <class T>
struct Located {
  T value{};
  SourceSpan at;
};

}  // namespace steelyard
