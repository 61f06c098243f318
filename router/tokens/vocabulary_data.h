#pragma once
// data/o200k_base.pairs.z, linked into the binary.
#include <span>

namespace steelyard::router {

std::span<const unsigned char> o200k_data();

}  // namespace steelyard::router
