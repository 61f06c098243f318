#include "gateway/cold_slot.h"

#include <sys/mman.h>

#include <bit>
#include <cstring>
#include <mutex>
#include <vector>

namespace steelyard {
namespace {

constexpr std::size_t slot_bytes = 12u << 10;  // whole pages of any size up to 4 KiB
constexpr std::size_t slots_mapped = 64;       // at once
constexpr std::size_t colours = 8, colour_bytes = 320;
constexpr std::size_t kept_resident = 256;  // free slots of a thread whose pages stay
static_assert(ColdSlot::capacity + (colours - 1) * colour_bytes <= slot_bytes);

// Slots of threads that have ended.
struct Shared {
  std::mutex mutex;
  std::vector<void*> free;
};

Shared& shared() {
  static Shared* const all = new Shared;  // outlives every thread
  return *all;
}

struct FreeSlots {
  std::vector<void*> slots;
  bool ended = false;
  ~FreeSlots() {
    ended = true;
    const std::lock_guard lock(shared().mutex);
    shared().free.insert(shared().free.end(), slots.begin(), slots.end());
  }
};

thread_local FreeSlots local;

void map_more() {
  {
    const std::lock_guard lock(shared().mutex);
    local.slots.swap(shared().free);
  }
  if (!local.slots.empty()) return;
  constexpr std::size_t bytes = slot_bytes * slots_mapped;
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  (void)::madvise(mapped, bytes, MADV_NOHUGEPAGE);  // pages come and go one by one
  local.slots.reserve(slots_mapped * 4);
  for (std::size_t i = slots_mapped; i-- > 0;)
    local.slots.push_back(static_cast<std::byte*>(mapped) + i * slot_bytes);
}

std::size_t colour_of(const void* pages) {
  return reinterpret_cast<std::uintptr_t>(pages) / slot_bytes % colours * colour_bytes;
}

std::size_t bitmap_words(std::size_t words) {
  return (words + 63) / 64;
}

}  // namespace

ColdSlot::ColdSlot() {
  if (local.slots.empty()) map_more();
  pages_ = local.slots.back();
  local.slots.pop_back();
  data_ = static_cast<std::byte*>(pages_) + colour_of(pages_);
}

ColdSlot::~ColdSlot() {
  thaw();
  if (local.ended) {
    const std::lock_guard lock(shared().mutex);
    shared().free.push_back(pages_);
    return;
  }
  if (local.slots.size() >= kept_resident) (void)::madvise(pages_, slot_bytes, MADV_DONTNEED);
  local.slots.push_back(pages_);
}

void ColdSlot::freeze(std::size_t from, std::size_t bytes) {
  if (frozen()) return;
  from_ = from;
  words_ = bytes / sizeof(std::uint64_t);
  const std::byte* const at = data_ + from;
  const auto word = [at](std::size_t i) {
    std::uint64_t value;
    std::memcpy(&value, at + i * sizeof value, sizeof value);
    return value;
  };
  std::size_t count = 0;
  for (std::size_t i = 0; i < words_; ++i) count += word(i) != 0;
  const std::size_t map = bitmap_words(words_);
  packed_.reset(new std::uint64_t[map + count]);
  std::memset(packed_.get(), 0, map * sizeof(std::uint64_t));
  std::uint64_t* out = packed_.get() + map;
  for (std::size_t i = 0; i < words_; ++i) {
    const std::uint64_t value = word(i);
    if (value == 0) continue;
    packed_[i / 64] |= std::uint64_t{1} << i % 64;
    *out++ = value;
  }
  (void)::madvise(pages_, slot_bytes, MADV_DONTNEED);  // should they stay, they stay as they are
#ifndef NDEBUG
  (void)::mprotect(pages_, slot_bytes, PROT_NONE);
#endif
}

void ColdSlot::thaw() {
  if (!frozen()) return;
#ifndef NDEBUG
  (void)::mprotect(pages_, slot_bytes, PROT_READ | PROT_WRITE);
#endif
  const std::size_t map = bitmap_words(words_);
  const std::uint64_t* in = packed_.get() + map;
  for (std::size_t m = 0; m < map; ++m) {
    for (std::uint64_t bits = packed_[m]; bits != 0; bits &= bits - 1) {
      const std::size_t i = m * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      std::memcpy(data_ + from_ + i * sizeof(std::uint64_t), in++, sizeof(std::uint64_t));
    }
  }
  packed_.reset();
}

}  // namespace steelyard
