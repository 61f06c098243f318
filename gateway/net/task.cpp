#include "gateway/net/task.h"

#include <array>
#include <cstdint>
#include <new>

namespace steelyard::net {
namespace {

constexpr std::size_t grain = 16;      // bytes per size class: a waiting stream holds four frames
constexpr std::size_t classes = 1024;  // frames up to 16 KiB are recycled
constexpr std::size_t kept_per_class = 256;

struct FreeBlock {
  FreeBlock* next;
};

// Blocks given back by this thread. Freed at thread exit.
struct FrameCache {
  std::array<FreeBlock*, classes> head{};
  std::array<std::uint32_t, classes> count{};
  ~FrameCache() {
    for (FreeBlock*& first : head) {
      while (first != nullptr) {
        FreeBlock* next = first->next;
        ::operator delete(first);
        first = next;
      }
    }
    count.fill(kept_per_class);  // frames freed later in the exit go straight to the heap
  }
};

thread_local FrameCache cache;

std::size_t class_of(std::size_t bytes) {
  return (bytes + grain - 1) / grain - 1;
}

}  // namespace

void* allocate_frame(std::size_t bytes) {
  const std::size_t c = class_of(bytes);
  if (c >= classes) return ::operator new(bytes);
  if (FreeBlock* block = cache.head[c]) {
    cache.head[c] = block->next;
    --cache.count[c];
    return block;
  }
  return ::operator new((c + 1) * grain);
}

void free_frame(void* block, std::size_t bytes) noexcept {
  const std::size_t c = class_of(bytes);
  if (c >= classes || cache.count[c] >= kept_per_class) {
    ::operator delete(block);
    return;
  }
  auto* free = static_cast<FreeBlock*>(block);
  free->next = cache.head[c];
  cache.head[c] = free;
  ++cache.count[c];
}

}  // namespace steelyard::net
