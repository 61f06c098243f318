#include "gateway/sys/huge_pages.h"

#include <sys/mman.h>

#include <memory_resource>

namespace steelyard::sys {
namespace {

constexpr std::size_t page = std::size_t{2} << 20;

class HugePages final : public std::pmr::memory_resource {
  // Whole pages for what is nearly as large; ordinary memory for the rest.
  static std::size_t rounded(std::size_t bytes) { return (bytes + page - 1) / page * page; }
  static bool is_large(std::size_t bytes) {
    return bytes >= page && rounded(bytes) - bytes <= bytes / 8;
  }

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (!is_large(bytes)) return ::operator new (bytes, std::align_val_t{alignment});
    void* const room = ::operator new (rounded(bytes), std::align_val_t{page});
    (void)::madvise(room, rounded(bytes), MADV_HUGEPAGE);  // before it is touched; a wish
    return room;
  }
  void do_deallocate(void* room, std::size_t bytes, std::size_t alignment) override {
    ::operator delete (room, std::align_val_t{is_large(bytes) ? page : alignment});
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

}  // namespace

void use_huge_pages() {
  static HugePages pages;
  std::pmr::set_default_resource(&pages);
}

}  // namespace steelyard::sys
