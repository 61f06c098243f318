#pragma once
// A keyed 128-bit hash of a message's raw bytes. Short slices, which every request has some of,
// take a multilinear hash whose bound is proven: two messages collide with probability 2^-64 over
// the choice of the key, whoever chose them. With carry-less multiplication (Lemire, Kaser, "Faster
// 64-bit universal hashing using carry-less multiplications", 2015) where the CPU has it, else NH
// over 64-bit words (Black et al., "UMAC", CRYPTO 1999). Longer slices take XXH3-128 under a
// secret.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace steelyard::router {

// 32 secret bytes, drawn once per process by the caller: without them nobody can prepare two
// messages that share an entry.
using MemoSeed = std::array<unsigned char, 32>;

struct SliceKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

class SliceHash {
 public:
  static constexpr std::size_t short_most = 1024;  // bytes of what is a short slice

  explicit SliceHash(const MemoSeed& seed);

  // `meaning`, below 2^32, tells apart what must not share an entry though the bytes are the same.
  SliceKey of(std::string_view slice, std::uint64_t meaning) const {
    const std::uint64_t about = slice.size() << 32 | meaning;
    if (slice.size() - 16 > short_most - 16) [[unlikely]]
      return of_unusual(slice, about);
    return carryless_ ? with_clmul(slice.data(), slice.size(), about)
                      : with_nh(slice.data(), slice.size(), about);
  }

 private:
  SliceKey of_unusual(std::string_view slice, std::uint64_t about) const;
  SliceKey with_clmul(const char* data, std::size_t size, std::uint64_t about) const;
  SliceKey with_nh(const char* data, std::size_t size, std::uint64_t about) const;

  static constexpr std::size_t words = short_most / 8;
  // Aligned so that it never lies across two pages, which makes XXH3 several times slower.
  struct alignas(256) Secret {
    std::array<unsigned char, 192> bytes;
  };
  Secret secret_;
  alignas(
      16) std::array<std::uint64_t, words + 4> key_;  // last: for `about`, for the last 16 bytes
  bool carryless_ = false;
};

}  // namespace steelyard::router
