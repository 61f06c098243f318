#pragma once
// Counts the inside of a JSON string a chunk at a time, without a decoded copy of it all.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "router/tokens/json_text.h"

namespace steelyard::router {

inline constexpr std::size_t chunk_size = 16 * 1024;
inline constexpr std::size_t chunk_kept = 64 * 1024;  // what is kept of room that had to grow

struct CountProgress {
  std::int64_t tokens = 0;
  std::size_t bytes = 0;  // counted for good
};

// Unescapes into `chunk`, lets `count(text, whole)` (a CountProgress) count the pieces of it that
// what follows cannot change, and carries the rest to the front. A chunk that is all one such piece
// grows.
template <class Count>
std::int64_t count_in_chunks(std::string_view escaped, std::vector<char>& chunk, Count&& count) {
  std::int64_t total = 0;
  std::size_t filled = 0;
  for (JsonText text(escaped);;) {
    filled += text.read(chunk.data() + filled, chunk.size() - filled);
    const CountProgress done = count(std::string_view(chunk.data(), filled), text.done());
    total += done.tokens;
    if (text.done()) break;
    filled -= done.bytes;
    std::memmove(chunk.data(), chunk.data() + done.bytes, filled);
    if (filled > chunk.size() / 2) chunk.resize(chunk.size() * 2);
  }
  if (chunk.size() > chunk_kept) {
    chunk.resize(chunk_size);
    chunk.shrink_to_fit();
  }
  return total;
}

}  // namespace steelyard::router
