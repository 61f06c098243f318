#pragma once
// Blocks for what a request needs while it is read and answered: its bytes, its reader. They lie in
// slabs of their own, away from what lives as long as a connection. Between those they would leave
// holes: a thousand streams that began together kept 2.8 kB each of memory nobody used.
#include <cstddef>

namespace steelyard::net {

// Aligned to 64 bytes. A block belongs to the thread that took it; once that has ended, one other
// may free it.
void* allocate_block(std::size_t bytes);
// `bytes` as it was asked for.
void free_block(void* block, std::size_t bytes) noexcept;

// What this thread's slabs hold, for tests.
struct BlockUse {
  std::size_t slabs = 0;   // of 64 KiB, as far as mapped
  std::size_t blocks = 0;  // that are in use
};
BlockUse block_use();

}  // namespace steelyard::net
