#pragma once
// Small messages of the connections of one loop, in one turn of it, side by side: what has come for
// them (read for all before the first of them is served) and what they have to say (sent for all
// when the loop waits again). The kernel's path for a message is larger than the first-level code
// cache, and so is ours for a request: taking turns, each throws the other out, twice a message.
// What a connection says in parts becomes one message on the way, too.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/net/io.h"

namespace steelyard::net {

class Postbox {
 public:
  static constexpr std::size_t message_max = 4u << 10;  // bytes; larger ones are not worth a copy
  static constexpr std::size_t entries_max = 64;

  struct Entry {
    std::uint64_t token = 0;  // of the Watch it belongs to; 0: taken already
    std::uint32_t at = 0, size = 0;
  };

  // Room for a message of message_max bytes, or none; what is written there becomes an entry by
  // add(), which returns its number.
  std::span<char> room();
  int add(std::uint64_t token, std::size_t bytes);
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
