#include "gateway/net/buffer.h"

#include <array>
#include <bit>
#include <new>

namespace steelyard::net {
namespace {

// 1 KiB to 64 KiB in powers of two are kept; larger blocks go back to the heap.
constexpr std::size_t smallest = 1024;
constexpr std::size_t classes = 7;
constexpr std::size_t kept_per_class = 64;

struct BlockCache {
  std::array<std::array<char*, kept_per_class>, classes> blocks{};
  std::array<std::size_t, classes> count{};
  bool ended = false;
  ~BlockCache() {
    for (std::size_t c = 0; c < classes; ++c) {
      for (std::size_t i = 0; i < count[c]; ++i) ::operator delete(blocks[c][i]);
    }
    ended = true;  // later frees in the thread's exit go to the heap
  }
};

thread_local BlockCache cache;

std::size_t class_of(std::size_t capacity) {
  return static_cast<std::size_t>(std::bit_width(capacity / smallest)) - 1;
}

char* allocate(std::size_t capacity) {
  const std::size_t c = class_of(capacity);
  if (c < classes && cache.count[c] != 0 && !cache.ended) return cache.blocks[c][--cache.count[c]];
  return static_cast<char*>(::operator new(capacity + Buffer::padding));
}

void deallocate(char* block, std::size_t capacity) {
  const std::size_t c = class_of(capacity);
  if (c < classes && cache.count[c] < kept_per_class && !cache.ended) {
    cache.blocks[c][cache.count[c]++] = block;
  } else {
    ::operator delete(block);
  }
}

}  // namespace

void Buffer::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  const std::size_t wanted = std::bit_ceil(bytes < smallest ? smallest : bytes);
  char* block = allocate(wanted);
  if (size_ != 0) std::memcpy(block, data_, size_);
  if (data_ != nullptr) deallocate(data_, capacity_);
  data_ = block;
  capacity_ = wanted;
}

void Buffer::release() {
  if (data_ != nullptr) deallocate(data_, capacity_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

}  // namespace steelyard::net
