#pragma once
// Names with wildcards: `*` is any run of bytes, `?` any one byte, all else itself; case matters.
#include <string>
#include <string_view>

namespace steelyard::policies {

class Glob {
 public:
  explicit Glob(std::string pattern);

  // Whole-text match. No recursion; at most |pattern| * |text| steps, linear for one star.
  bool matches(std::string_view text) const;

  bool literal() const { return shape_ == Shape::literal; }
  bool any() const { return shape_ == Shape::any; }
  const std::string& pattern() const { return pattern_; }

 private:
  enum class Shape : unsigned char { literal, any, prefix, suffix, general };
  std::string pattern_;
  Shape shape_ = Shape::literal;
};

}  // namespace steelyard::policies
