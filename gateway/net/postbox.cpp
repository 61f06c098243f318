#include "gateway/net/postbox.h"

#include <cstring>
#include <utility>

namespace steelyard::net {

std::span<char> Postbox::room() {
  if (count_ == entries_max || message_max > capacity - filled_) return {};
  return {bytes_.get() + filled_, message_max};
}

int Postbox::add(std::uint64_t token, std::size_t bytes) {
  entries_[count_] = {token, filled_, static_cast<std::uint32_t>(bytes)};
  filled_ += static_cast<std::uint32_t>(bytes);
  return static_cast<int>(count_++);
}

int Postbox::put(std::uint64_t token, std::span<const ConstBytes> parts, std::size_t bytes) {
  if (count_ == entries_max || bytes > capacity - filled_) return -1;
  char* to = bytes_.get() + filled_;
  for (const ConstBytes& part : parts) {
    if (part.size == 0) continue;
    std::memcpy(to, part.data, part.size);
    to += part.size;
  }
  return add(token, bytes);
}

std::span<const char> Postbox::take(int number) {
  Entry& entry = entries_[number];
  entry.token = 0;
  return bytes(entry);
}

}  // namespace steelyard::net
