#pragma once
// What is left of a gathered write.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "gateway/dialect/splice.h"
#include "gateway/net/io.h"

namespace steelyard {

class Unwritten {
 public:
  void add(std::string_view part) {
    if (!part.empty()) parts_[count_++] = net::ConstBytes(part);
  }
  std::span<const net::ConstBytes> parts() const {
    return {parts_.data() + first_, count_ - first_};
  }
  bool empty() const { return first_ == count_; }
  void taken(std::size_t bytes) {
    while (bytes != 0) {
      net::ConstBytes& part = parts_[first_];
      const std::size_t step = std::min(bytes, part.size);
      part = net::ConstBytes(static_cast<const char*>(part.data) + step, part.size - step);
      bytes -= step;
      if (part.size == 0) ++first_;
    }
  }

 private:
  std::array<net::ConstBytes, dialect::SplicedBody::parts_max + 6> parts_;
  std::size_t first_ = 0, count_ = 0;
};

}  // namespace steelyard
