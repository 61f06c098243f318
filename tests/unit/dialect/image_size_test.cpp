// Sizes from headers, whole and broken.
#include "gateway/dialect/image_size.h"

#include <doctest/doctest.h>

#include <string>

using namespace steelyard::dialect;

TEST_CASE("image size: a table") {
  struct Row {
    std::string_view raw;
    int width, height;
  };
  const Row rows[] = {
      {"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABhYmNk", 640, 480},
      {"data:image/png;base64,iVBORw0KGgoAAAANSUhEUn////8AAAABCAIAAABhYmNk", 2147483647, 1},
      {"data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/"
       "2wBDcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXH"
       "/wAARCAQ4B4AD",
       1920, 1080},
      {"data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/"
       "2wBDcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXH"
       "/wgARCAAHACED",
       33, 7},
      {"data:image/gif;base64,R0lGODlh9AEZAQAAAA==", 500, 281},
      {"data:image/webp;base64,UklGRjAAAABXRUJQVlA4ICQAAAAwAQCdASomAnABeno=", 550, 368},
      {"data:image/webp;base64,UklGRjAAAABXRUJQVlA4TCQAAAAvgYFiAHp6", 386, 395},
      {"data:image/webp;base64,UklGRjAAAABXRUJQVlA4WAoAAAAAAAAAnw8AtwsAeno=", 4000, 3000},
      {"data:image\\/jpeg;base64,\\/9j\\/4AAQSkZJRgABAQAAAQABAAD\\/"
       "2wBDcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXH"
       "\\/wAARCAMABAAD",
       1024, 768},                                                 // slashes escaped
      {"iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAABhYmNk", 640, 480},  // no URL around it
      {"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA", 0, 0},    // cut in the width
      {"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAAAAAAJCAIAAABhYmNk", 0, 0},
      {"data:image/png;base64,iVBORw0KGgoAAAANSUhEUu5rKAAAAAAJCAIAAABhYmNk", 0, 0},  // above 2^31
      {"data:image/jpeg;base64,/9j/4AAAYWJj", 0, 0},  // a segment of length 0
      {"", 0, 0},
      {"data:", 0, 0},
      {"data:image/png;base64,", 0, 0},
      {"data:image/png,plain", 0, 0},
      {"data:image/png;base64,!!!!", 0, 0},
      {"https://example.com/cat.png", 0, 0},
      {"\\", 0, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.raw);
    const ImageSize found = image_size(row.raw);
    CHECK(found.width == row.width);
    CHECK(found.height == row.height);
    CHECK(found.known() == (row.width > 0));
    for (std::size_t cut = 0; cut < row.raw.size(); ++cut) {  // never a crash, never another size
      const ImageSize part = image_size(row.raw.substr(0, cut));
      if (part.known()) CHECK(part.width == row.width);
    }
  }
}

TEST_CASE("image size: a JPEG whose frame lies beyond what is looked at") {
  std::string raw = "/9j/";
  raw.append(400'000, '/');
  CHECK(!image_size(raw).known());
}
