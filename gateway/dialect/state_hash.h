#pragma once
// What a provider signed or encrypted, told apart by a hash, so that it is known again when a
// client sends it back.
#include <cstdint>
#include <string_view>
#include <vector>

namespace steelyard::dialect {

namespace hub {
struct Part;
}

// `escaped`: the inside of a JSON string. Clients decode it and write it anew: with other escapes,
// in the other alphabet of base64 (Google's SDK for Python does), with or without its padding. The
// hash is the same. 0: there is nothing.
std::uint64_t state_hash(std::string_view escaped);

// What of a part of a request its maker signed or encrypted, as the maker wrote it; "": nothing, or
// what this gateway sealed (state_seal.h).
std::string_view own_state(const hub::Part& part);

// Appended unless there are too many: no answer has as many signed parts.
inline constexpr std::size_t states_max = 1024;
inline void add_state(std::vector<std::uint64_t>& states, std::string_view escaped) {
  if (escaped.empty() || states.size() == states_max) return;
  states.push_back(state_hash(escaped));
}

}  // namespace steelyard::dialect
