#pragma once
// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as iSCSI and ext4 use it.
#include <cstddef>
#include <cstdint>

namespace steelyard::router {

// Continues `crc` (0 at the start) over `size` bytes. Uses the processor's instruction where it has
// one.
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size);
// The same from tables: for processors without it, and for tests of the other.
std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size);

}  // namespace steelyard::router
