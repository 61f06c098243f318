#pragma once
// Where text may be cut without changing its count: at a place that ends a piece whatever stands
// before and behind. Lets text be counted as it arrives, in chunks, or in slices of the event loop.
#include <cstddef>
#include <string_view>

namespace steelyard::router {

// The last offset p, 0 < p < size, that is surely a piece's end: count(text) is the sum of the
// counts of both sides, also when the text goes on. 0 when there is none. May miss some, never
// claims a wrong one.
std::size_t last_cut(std::string_view text);

}  // namespace steelyard::router
