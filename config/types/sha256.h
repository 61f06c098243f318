#pragma once
// SHA-256 (FIPS 180-4), pure: for configuration digests and the hashes of client keys. Not for
// secrets on the hot path: the gateway uses OpenSSL there.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steelyard {

using Sha256Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  void update(std::string_view bytes);
  Sha256Digest finish();  // once; the object is spent afterwards

 private:
  void compress(const std::uint8_t* block);
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;  // bytes
};

Sha256Digest sha256(std::string_view bytes);
std::string to_hex(const Sha256Digest& digest);  // 64 lower-case digits
std::optional<Sha256Digest> sha256_from_hex(
    std::string_view hex);  // 64 digits of either case, else nullopt

}  // namespace steelyard
