#pragma once
// Storage of a fixed size for values on the request path: nothing here allocates, and an empty one
// costs one store.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>

namespace steelyard::telemetry {

// At most N plain values. Elements above size() are raw memory, so a Receipt is cheap to make and
// to reuse.
template <class T, std::size_t N>
class FixedList {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  FixedList() noexcept {}  // NOLINT: raw_ is meant to be left as it is
  FixedList(const FixedList& other) noexcept { assign(other); }
  FixedList& operator=(const FixedList& other) noexcept {
    if (this != &other) assign(other);
    return *this;
  }

  // A fresh element to fill in, or nullptr when full; what did not fit is counted in refused().
  T* add() noexcept {
    if (size_ == N) {
      ++refused_;
      return nullptr;
    }
    return ::new (static_cast<void*>(raw_ + sizeof(T) * size_++)) T{};
  }
  bool add(const T& value) noexcept {
    T* slot = add();
    if (slot != nullptr) *slot = value;
    return slot != nullptr;
  }
  void clear() noexcept { size_ = refused_ = 0; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t refused() const noexcept { return refused_; }
  static constexpr std::size_t capacity() noexcept { return N; }
  T* begin() noexcept { return reinterpret_cast<T*>(raw_); }
  T* end() noexcept { return begin() + size_; }
  const T* begin() const noexcept { return reinterpret_cast<const T*>(raw_); }
  const T* end() const noexcept { return begin() + size_; }
  T& operator[](std::size_t i) noexcept { return begin()[i]; }
  const T& operator[](std::size_t i) const noexcept { return begin()[i]; }
  T& back() noexcept { return begin()[size_ - 1]; }
  const T& back() const noexcept { return begin()[size_ - 1]; }

 private:
  void assign(const FixedList& other) noexcept {
    size_ = other.size_;
    refused_ = other.refused_;
    std::memcpy(raw_, other.raw_, sizeof(T) * size_);
  }
  std::uint32_t size_ = 0, refused_ = 0;
  alignas(T) unsigned char raw_[sizeof(T) * N];
};

// At most N bytes of text, cut at the end: an upstream's words that must outlive its buffer.
template <std::size_t N>
class FixedText {
  static_assert(N < 65536);

 public:
  FixedText() noexcept {}  // NOLINT: bytes_ is meant to be left as it is
  FixedText(std::string_view text) noexcept { *this = text; }
  FixedText(const FixedText& other) noexcept { *this = other.view(); }
  FixedText& operator=(const FixedText& other) noexcept {
    if (this != &other) *this = other.view();
    return *this;
  }
  FixedText& operator=(std::string_view text) noexcept {
    size_ = static_cast<std::uint16_t>(text.size() < N ? text.size() : N);
    if (size_ != 0) std::memcpy(bytes_, text.data(), size_);
    return *this;
  }
  std::string_view view() const noexcept { return {bytes_, size_}; }
  operator std::string_view() const noexcept { return view(); }
  bool empty() const noexcept { return size_ == 0; }

 private:
  std::uint16_t size_ = 0;
  char bytes_[N];
};

}  // namespace steelyard::telemetry
