#pragma once
// Names to small numbers. Looking one up from a view allocates nothing.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace steelyard::policies {

// FNV-1a: the same number in every process, so that what was learned under a name survives a
// reload.
constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

class NameTable {
 public:
  // False: the name is there already (the first number stays).
  bool add(std::string name, std::int32_t number) {
    return numbers_.emplace(std::move(name), number).second;
  }
  // -1: no such name.
  std::int32_t find(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? -1 : found->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> numbers_;
};

}  // namespace steelyard::policies
