#pragma once
// Memory for tables of megabytes that are read all over: in pages of 2 MB where the system gives
// some, so that an access does not wait for the address, too.
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace steelyard::router {

template <class T>
struct HugePages {
  using value_type = T;
  HugePages() = default;
  template <class Other>
  HugePages(const HugePages<Other>&) {}

  static constexpr std::size_t page = std::size_t{2} << 20;

  T* allocate(std::size_t count) {
    if (count > SIZE_MAX / 2 / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = (count * sizeof(T) + page - 1) / page * page;
    if (bytes / 2 > count * sizeof(T)) {  // a page would be mostly empty
      return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{alignof(T)}));
    }
    void* const room = ::operator new (bytes, std::align_val_t{page});
    (void)::madvise(room, bytes, MADV_HUGEPAGE);  // before the first touch; a wish
    return static_cast<T*>(room);
  }
  void deallocate(T* room, std::size_t count) {
    const std::size_t bytes = (count * sizeof(T) + page - 1) / page * page;
    const bool small = bytes / 2 > count * sizeof(T);
    ::operator delete (room, std::align_val_t{small ? alignof(T) : page});
  }
  friend bool operator==(const HugePages&, const HugePages&) { return true; }
};

template <class T>
using HugeVector = std::vector<T, HugePages<T>>;

}  // namespace steelyard::router
