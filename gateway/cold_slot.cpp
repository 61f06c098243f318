#include "gateway/cold_slot.h"

#include <sys/mman.h>

#include <array>
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

using Word = std::array<unsigned char, sizeof(std::uint64_t)>;

// Most words are zero, and most bytes of the others: pointers have two such bytes, counts six. Of
// each word: a byte that says which of its bytes follow. Zero words: one byte 0, then how many less
// one. Returns where the next one is written; `out` has room for ten bytes a word at worst.
unsigned char* pack(const unsigned char* from, std::size_t words, unsigned char* out) {
  for (std::size_t i = 0; i < words;) {
    Word word;
    std::memcpy(word.data(), from + i * sizeof word, sizeof word);
    unsigned char* const mask = out++;
    *mask = 0;
    for (std::size_t b = 0; b < word.size(); ++b) {
      if (word[b] == 0) continue;
      *mask = static_cast<unsigned char>(*mask | 1u << b);
      *out++ = word[b];
    }
    ++i;
    if (*mask != 0) continue;
    unsigned char more = 0;
    for (; i < words && more < 255; ++i, ++more) {
      std::memcpy(word.data(), from + i * sizeof word, sizeof word);
      if (word != Word{}) break;
    }
    *out++ = more;
  }
  return out;
}

// Writes the bytes that are not zero; the others are there as zeros.
void unpack(const unsigned char* in, std::size_t words, unsigned char* to) {
  for (std::size_t i = 0; i < words; ++i) {
    const unsigned mask = *in++;
    if (mask == 0) i += *in++;
    for (unsigned bits = mask; bits != 0; bits &= bits - 1)
      to[i * sizeof(Word) + static_cast<std::size_t>(std::countr_zero(bits))] = *in++;
  }
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
  static thread_local std::array<unsigned char, capacity / sizeof(Word) * (sizeof(Word) + 2)> room;
  from_ = from;
  words_ = bytes / sizeof(Word);
  const auto* const at = reinterpret_cast<const unsigned char*>(data_ + from);
  const auto size = static_cast<std::size_t>(pack(at, words_, room.data()) - room.data());
  packed_.reset(new unsigned char[size]);
  std::memcpy(packed_.get(), room.data(), size);
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
  unpack(packed_.get(), words_, reinterpret_cast<unsigned char*>(data_ + from_));
  packed_.reset();
}

}  // namespace steelyard
