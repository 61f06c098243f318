#pragma once
// Which shard an organisation is in: FNV-1a, the same in every process.
#include <cstdint>
#include <string_view>

namespace steelyard::store {

inline std::size_t shard_hash(std::string_view organisation) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : organisation) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return static_cast<std::size_t>(hash ^ hash >> 32);
}

}  // namespace steelyard::store
