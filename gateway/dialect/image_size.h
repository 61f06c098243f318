#pragma once
// Width and height of a picture in a data URL, from its header: no more of the base64 is decoded.
#include <cstdint>
#include <string_view>

namespace steelyard::dialect {

struct ImageSize {
  std::int32_t width = 0, height = 0;  // pixels; 0: not known
  bool known() const { return width > 0 && height > 0; }
};

// `raw`: the inside of the JSON string that holds "data:image/png;base64,..." (or the base64
// alone), still escaped. PNG, JPEG, GIF and WebP; anything else, cut short or malformed: not known.
// Looks at 64 KiB of the picture at most.
ImageSize image_size(std::string_view raw);

}  // namespace steelyard::dialect
