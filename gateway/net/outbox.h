#pragma once
// What the connections of one loop have to send when several are ready at once, kept until the loop
// waits again and sent then, one after the other. The kernel's path for a message is larger than
// the first-level code cache, and so is ours for a request: taking turns, each throws the other
// out, once a message. Side by side they do not. What a connection says in parts becomes one
// message on the way, too.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/net/io.h"

namespace steelyard::net {

class Outbox {
 public:
  static constexpr std::size_t message_max = 4u << 10;  // bytes; larger ones are not worth a copy
  static constexpr std::size_t entries_max = 64;

  struct Entry {
    std::uint64_t token = 0;  // of the Watch that sends it; 0: sent already
    std::uint32_t at = 0, size = 0;
  };

  // A copy of `parts`, together `bytes`; the number of its entry, or -1 when there is no room.
  int put(std::uint64_t token, std::span<const ConstBytes> parts, std::size_t bytes);
  bool empty() const { return count_ == 0; }
  std::span<const Entry> entries() const { return {entries_, count_}; }
  std::span<const char> bytes(const Entry& entry) const {
    return {bytes_.get() + entry.at, entry.size};
  }
  // The bytes of one entry, which is then nobody's.
  std::span<const char> take(int number);
  void clear() { count_ = filled_ = 0; }

 private:
  static constexpr std::size_t capacity = 64u << 10;
  std::unique_ptr<char[]> bytes_{new char[capacity]};
  std::uint32_t count_ = 0, filled_ = 0;
  Entry entries_[entries_max];
};

}  // namespace steelyard::net
