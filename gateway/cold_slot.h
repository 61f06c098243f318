#pragma once
// Memory that a request needs and a waiting stream does not: whole pages, which keep their address
// for the life of the request. A frozen slot is a few hundred bytes on the heap (those that are not
// zero) and its pages belong to the system; thawed, everything in it is as it was, pointers
// between and into it included.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace steelyard {

// From the thread's free list; may be given back by another thread. Steady use allocates nothing.
class ColdSlot {
 public:
  // Usable bytes. A slot begins at one of several distances from its page, so that the same member
  // of many requests does not fall into the same few cache lines.
  static constexpr std::size_t capacity = 9'472;

  ColdSlot();  // throws std::bad_alloc
  ~ColdSlot();
  ColdSlot(const ColdSlot&) = delete;
  ColdSlot& operator=(const ColdSlot&) = delete;

  std::byte* data() const { return data_; }
  // Keeps [from, from + bytes) of what is there, both multiples of 8; the rest is zero or as it was
  // when thawed. Nothing in the slot may be touched in between: builds with assertions make that
  // fault.
  void freeze(std::size_t from, std::size_t bytes);
  void thaw();  // idempotent
  bool frozen() const { return packed_ != nullptr; }

 private:
  void* pages_;
  std::byte* data_;
  std::size_t from_ = 0, words_ = 0;
  std::unique_ptr<unsigned char[]> packed_;
};

// A value in a slot of its own.
template <class T>
class Cold {
 public:
  static_assert(sizeof(T) <= ColdSlot::capacity);
  static_assert(alignof(T) <= 64);
  Cold() : value_(::new (static_cast<void*>(slot_.data())) T) {}
  ~Cold() {
    slot_.thaw();
    value_->~T();
  }
  Cold(const Cold&) = delete;
  Cold& operator=(const Cold&) = delete;

  T* operator->() const { return value_; }
  // What stands before `first`, a member, is lost.
  void freeze(const void* first) {
    const auto from = static_cast<std::size_t>(static_cast<const std::byte*>(first) - slot_.data());
    slot_.freeze(from, sizeof(T) - from);
  }
  void thaw() {
    if (slot_.frozen()) slot_.thaw();
  }
  bool frozen() const { return slot_.frozen(); }

 private:
  ColdSlot slot_;
  T* value_;
};

}  // namespace steelyard
