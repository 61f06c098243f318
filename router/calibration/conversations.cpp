#include "router/calibration/conversations.h"

#include <xxhash.h>

namespace steelyard::router {

std::uint64_t slice_hash(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace steelyard::router
