#pragma once
// Unread bytes of one connection, contiguous, with room for the JSON parser to read past the end.
// Small while idle: thousands of connections may wait. Internal to gateway/mock.
#include <cstddef>
#include <cstring>
#include <memory>

#include "gateway/mock/chat_request.h"

namespace steelyard::mock {

class InputBuffer {
 public:
  static constexpr std::size_t kSmall = 4096;     // holds a typical request
  static constexpr std::size_t kKept = 1u << 20;  // what a connection keeps after a large one

  char* data() { return bytes_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  char* free_begin() { return bytes_.get() + end_; }
  std::size_t free_size() const { return capacity_ - end_; }

  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) { begin_ += count; }

  // Before each read, and only then: between, a read may be writing to free_begin(), so nothing
  // moves. Room for at least one more byte; `wanted` is the size of the whole request where that is
  // known.
  void make_room(std::size_t wanted) {
    if (begin_ == end_) begin_ = end_ = 0;
    const bool shrink = size() == 0 && capacity_ > kKept && wanted == 0;
    std::size_t target = capacity_ == 0 || shrink ? kSmall : capacity_;
    while (target < wanted || target == size()) target *= 2;
    if (target == capacity_ && free_size() != 0 && begin_ + wanted <= capacity_) return;
    if (target == capacity_) {
      std::memmove(bytes_.get(), data(), size());
    } else {
      auto grown = std::make_unique_for_overwrite<char[]>(target + ChatParser::kBodyPadding);
      if (size() != 0) std::memcpy(grown.get(), data(), size());
      bytes_ = std::move(grown);
      capacity_ = target;
    }
    end_ -= begin_;
    begin_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace steelyard::mock
