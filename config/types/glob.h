#pragma once
// Globs over names: `*` is any run of bytes, `?` any one byte, everything else itself. Linear in
// practice, bounded by pattern size times text size.
#include <string_view>

namespace steelyard {

bool glob_match(std::string_view pattern, std::string_view text);

inline bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

}  // namespace steelyard
