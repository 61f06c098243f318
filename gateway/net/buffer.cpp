#include "gateway/net/buffer.h"

#include <bit>

#include "gateway/net/block_pool.h"

namespace steelyard::net {
namespace {

constexpr std::size_t smallest = 1024;

char* allocate(std::size_t capacity) {
  return static_cast<char*>(allocate_block(capacity + Buffer::padding));
}

void deallocate(char* block, std::size_t capacity) {
  free_block(block, capacity + Buffer::padding);
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
