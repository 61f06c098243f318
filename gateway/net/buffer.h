#pragma once
// A contiguous byte buffer with padding that simdjson may read past the end. Blocks come from
// block_pool.h, so idle connections hold none.
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace steelyard::net {

class Buffer {
 public:
  static constexpr std::size_t padding = 64;  // SIMDJSON_PADDING of 3.0

  Buffer() = default;
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }  // padding excluded
  std::string_view view() const { return {data_, size_}; }
  std::span<char> free_space() { return {data_ + size_, capacity_ - size_}; }
  void commit(std::size_t bytes) { size_ += bytes; }
  void clear() { size_ = 0; }
  void truncate(std::size_t bytes) { size_ = bytes; }  // bytes <= size()

  // Makes capacity() at least `bytes`; contents stay, addresses change.
  void reserve(std::size_t bytes);
  // Drops the first `bytes` and moves the rest to the front.
  void consume(std::size_t bytes) {
    if (bytes < size_) std::memmove(data_, data_ + bytes, size_ - bytes);
    size_ -= bytes;
  }
  void release();  // gives the block back; capacity() becomes 0

 private:
  void swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace steelyard::net
