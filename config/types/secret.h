#pragma once
// Text that must never be printed: provider keys, admin tokens. There is no operator<<, no fmt
// formatter, no implicit conversion; `reveal()` is the one way out and is searched for in review.
// Wiped on destruction.
#include <string>
#include <string_view>
#include <utility>

namespace steelyard {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  // The bytes themselves: only to write them into an upstream head or to hash them.
  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  void wipe() {
    volatile char* bytes = text_.data();
    for (std::size_t i = 0; i < text_.size(); ++i) bytes[i] = 0;
    text_.clear();
  }
  std::string text_;
};

}  // namespace steelyard
