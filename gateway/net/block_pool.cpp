#include "gateway/net/block_pool.h"

#include <sys/mman.h>

#include <array>
#include <bit>
#include <cstdint>
#include <new>
#include <utility>

namespace steelyard::net {
namespace {

constexpr std::size_t slab_bytes = 64u << 10;
constexpr std::size_t margin = 64;      // beside powers of two: a buffer's padding
constexpr std::size_t smallest = 1024;  // 1 to 16 KiB come from slabs, more from the heap
constexpr std::size_t classes = 5;
constexpr std::size_t empty_kept = 2;  // slabs of a class that stay mapped with nothing in them

struct Free {
  Free* next;
};

struct Pool;

// At the beginning of its 64 KiB, which begin at a multiple of that: a block finds its slab.
struct alignas(64) Slab {
  Pool* pool = nullptr;
  Free* free = nullptr;
  Slab* before = nullptr;  // in the list of those that have room
  Slab* after = nullptr;
  std::uint32_t used = 0, begun = 0, capacity = 0, size_class = 0;
};

std::size_t class_of(std::size_t bytes) {
  const std::size_t wanted = bytes <= smallest + margin ? smallest : std::bit_ceil(bytes - margin);
  return static_cast<std::size_t>(std::bit_width(wanted / smallest)) - 1;
}
constexpr std::size_t stride_of(std::size_t c) {
  return (smallest << c) + margin;
}

Slab* slab_of(void* block) {
  return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(slab_bytes - 1));
}

void* map_aligned() {
  void* const room =
      ::mmap(nullptr, 2 * slab_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(room);
  const std::size_t off = reinterpret_cast<std::uintptr_t>(room) & (slab_bytes - 1);
  const std::size_t head = off == 0 ? 0 : slab_bytes - off;
  if (head != 0) (void)::munmap(begin, head);
  (void)::munmap(begin + head + slab_bytes, slab_bytes - head);
  return begin + head;
}

struct Pool {
  struct Class {
    Slab* open = nullptr;   // slabs with room
    std::size_t empty = 0;  // of those, with nothing in them
  };
  std::array<Class, classes> of;
  BlockUse use;
  bool orphaned = false;  // its thread has ended

  void link(Slab& slab);
  void unlink(Slab& slab);
  void map(std::size_t c);
  void unmap(Slab& slab);
  void* take(std::size_t c);
  void give(Slab& slab, void* block);
};

void Pool::link(Slab& slab) {
  Slab*& first = of[slab.size_class].open;
  slab.before = nullptr;
  slab.after = first;
  if (first != nullptr) first->before = &slab;
  first = &slab;
}

void Pool::unlink(Slab& slab) {
  (slab.before != nullptr ? slab.before->after : of[slab.size_class].open) = slab.after;
  if (slab.after != nullptr) slab.after->before = slab.before;
}

void Pool::map(std::size_t c) {
  auto* slab = new (map_aligned()) Slab();
  slab->pool = this;
  slab->capacity = static_cast<std::uint32_t>((slab_bytes - sizeof(Slab)) / stride_of(c));
  slab->size_class = static_cast<std::uint32_t>(c);
  ++use.slabs;
  ++of[c].empty;
  link(*slab);
}

void Pool::unmap(Slab& slab) {
  unlink(slab);
  --use.slabs;
  (void)::munmap(&slab, slab_bytes);
}

void* Pool::take(std::size_t c) {
  if (of[c].open == nullptr) map(c);
  Slab* slab = of[c].open;
  if (slab->used == 0) --of[c].empty;
  ++slab->used;
  ++use.blocks;
  void* block = slab->free;
  if (block != nullptr) {
    slab->free = static_cast<Free*>(block)->next;
  } else {
    block = reinterpret_cast<char*>(slab) + sizeof(Slab) + slab->begun++ * stride_of(c);
  }
  if (slab->used == slab->capacity) unlink(*slab);
  return block;
}

void Pool::give(Slab& slab, void* block) {
  auto* freed = static_cast<Free*>(block);
  freed->next = std::exchange(slab.free, freed);
  --use.blocks;
  if (slab.used-- == slab.capacity) link(slab);
  if (slab.used != 0) return;
  std::size_t& empty = of[slab.size_class].empty;
  if (empty < empty_kept) {
    ++empty;
  } else {
    unmap(slab);
    if (orphaned && use.slabs == 0) delete this;
  }
}

// Sessions end after their worker's thread: its pool stays for what is still in use then.
struct Lease {
  Pool* pool = new Pool();
  ~Lease() {
    for (Pool::Class& each : pool->of) {
      for (Slab* slab = each.open; slab != nullptr;) {
        Slab* const next = slab->after;
        if (slab->used == 0) pool->unmap(*slab);
        slab = next;
      }
      each.empty = empty_kept;  // what runs empty from now on goes
    }
    pool->orphaned = true;
    if (pool->use.slabs == 0) delete pool;
  }
};

thread_local Lease lease;

}  // namespace

void* allocate_block(std::size_t bytes) {
  const std::size_t c = class_of(bytes);
  return c < classes ? lease.pool->take(c) : ::operator new(bytes);
}

void free_block(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  if (class_of(bytes) >= classes) return ::operator delete(block);
  Slab* const slab = slab_of(block);
  slab->pool->give(*slab, block);
}

BlockUse block_use() {
  return lease.pool->use;
}

}  // namespace steelyard::net
