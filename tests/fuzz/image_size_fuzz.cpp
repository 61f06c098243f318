// Any bytes as the inside of a JSON string that is said to hold a picture.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/dialect/image_size.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const auto found = steelyard::dialect::image_size(raw);
  if (found.width < 0 || found.height < 0) std::abort();
  if ((found.width == 0) != (found.height == 0)) std::abort();
  return 0;
}
