// What an image costs, by the providers' published formulas (framing_table.cpp names the sources).
#include <algorithm>
#include <cmath>

#include "router/tokens/framing.h"
#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

struct Size {
  double width;
  double height;
};

std::int64_t tiles_of(double side, double tile) {
  return static_cast<std::int64_t>(std::ceil(side / tile - 1e-9));
}

Size shrink(Size size, double factor) {
  return factor >= 1 ? size : Size{size.width * factor, size.height * factor};
}

Size fit_longest(Size size, double longest) {
  return longest <= 0 ? size : shrink(size, longest / std::max(size.width, size.height));
}

// At most 2048 x 2048, then the short side at most 768; never enlarged.
std::int64_t by_tiles(const ImageRow& row, Size size) {
  size = fit_longest(size, 2048);
  size = shrink(size, 768 / std::min(size.width, size.height));
  return row.base + row.unit * tiles_of(size.width, 512) * tiles_of(size.height, 512);
}

// Patches of 32 px; above the budget the image shrinks until whole patches fit.
std::int64_t by_patches(const ImageRow& row, Size size, std::int64_t budget) {
  size = fit_longest(size, row.side);
  std::int64_t patches = tiles_of(size.width, 32) * tiles_of(size.height, 32);
  if (patches > budget) {
    const double factor =
        std::sqrt(1024.0 * static_cast<double>(budget) / (size.width * size.height));
    const double across = size.width * factor / 32;
    const double down = size.height * factor / 32;
    const double whole = std::min(std::floor(across) / across, std::floor(down) / down);
    const double width = std::floor(size.width * factor * whole + 1e-6);
    const double height = std::floor(size.height * factor * whole + 1e-6);
    patches = std::max<std::int64_t>(tiles_of(width, 32), 1) *
              std::max<std::int64_t>(tiles_of(height, 32), 1);
    patches = std::min(patches, budget);
  }
  return (patches * row.percent + 99) / 100;
}

// Patches of 28 px: the largest scale at which no more than the budget are needed. Such a scale
// makes one side a whole number of patches.
std::int64_t by_visual(const ImageRow& row, Size size) {
  size = fit_longest(size, row.side);
  const std::int64_t across = tiles_of(size.width, 28);
  const std::int64_t down = tiles_of(size.height, 28);
  if (across * down <= row.budget) return across * down;
  double best = 0;
  std::int64_t tokens = 1;
  const auto consider = [&](std::int64_t patches, double side) {
    const double scale = static_cast<double>(patches) * 28 / side;
    const std::int64_t needed =
        tiles_of(size.width * scale, 28) * tiles_of(size.height * scale, 28);
    if (scale > 1 || needed > row.budget || scale <= best) return;
    best = scale;
    tokens = needed;
  };
  for (std::int64_t patches = std::min<std::int64_t>(across, row.budget); patches > 0; --patches) {
    consider(patches, size.width);
  }
  for (std::int64_t patches = std::min<std::int64_t>(down, row.budget); patches > 0; --patches) {
    consider(patches, size.height);
  }
  return tokens;
}

std::int64_t by_tiles_768(const ImageRow& row, Size size) {
  if (size.width <= 384 && size.height <= 384) return row.base;
  return row.unit * tiles_of(size.width, 768) * tiles_of(size.height, 768);
}

std::int64_t budget_of(const ImageRow& row, ImageDetail detail) {
  return detail == ImageDetail::original && row.budget_original > 0 ? row.budget_original
                                                                    : row.budget;
}

// The most that an image of any size costs.
std::int64_t worst(const ImageRow& row, ImageDetail detail) {
  switch (row.rule) {
    case ImageRule::tiles: return row.base + row.unit * std::int64_t{8};  // 2048 x 768
    case ImageRule::patches: return (budget_of(row, detail) * row.percent + 99) / 100;
    case ImageRule::visual: return row.budget;
    case ImageRule::tiles_768: return row.unit * std::int64_t{36};  // 4096 x 4096
    case ImageRule::fixed: return row.base;
  }
  return row.budget;
}

}  // namespace

std::int64_t image_tokens(const ImageShape& image, std::string_view model) {
  return image_tokens(image, image_row(model));
}

std::int64_t image_tokens(const ImageShape& image, const ImageRow& row) {
  if (row.rule == ImageRule::fixed) {
    if (image.detail == ImageDetail::original) return row.budget;
    return image.detail == ImageDetail::low ? row.unit : row.base;
  }
  if (row.rule == ImageRule::tiles && image.detail == ImageDetail::low) return row.base;
  if (image.width <= 0 || image.height <= 0) return worst(row, image.detail);
  const Size size{static_cast<double>(image.width), static_cast<double>(image.height)};
  switch (row.rule) {
    case ImageRule::tiles: return by_tiles(row, size);
    case ImageRule::patches: return by_patches(row, size, budget_of(row, image.detail));
    case ImageRule::visual: return by_visual(row, size);
    case ImageRule::tiles_768: return by_tiles_768(row, size);
    case ImageRule::fixed: break;
  }
  return row.base;
}

}  // namespace steelyard::router
