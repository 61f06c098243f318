#include "gateway/net/outbox.h"

#include <cstring>
#include <utility>

namespace steelyard::net {

int Outbox::put(std::uint64_t token, std::span<const ConstBytes> parts, std::size_t bytes) {
  if (count_ == entries_max || bytes > capacity - filled_) return -1;
  char* to = bytes_.get() + filled_;
  for (const ConstBytes& part : parts) {
    if (part.size == 0) continue;
    std::memcpy(to, part.data, part.size);
    to += part.size;
  }
  entries_[count_] = {token, filled_, static_cast<std::uint32_t>(bytes)};
  filled_ += static_cast<std::uint32_t>(bytes);
  return static_cast<int>(count_++);
}

std::span<const char> Outbox::take(int number) {
  Entry& entry = entries_[number];
  entry.token = 0;
  return bytes(entry);
}

}  // namespace steelyard::net
