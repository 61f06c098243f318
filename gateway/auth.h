#pragma once
// Who is asking: the SHA-256 of the presented key is looked up, and compared in constant time. Keys
// themselves are never stored.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace steelyard {

using KeyDigest = std::array<std::uint8_t, 32>;

KeyDigest digest_of(std::string_view presented);

// Immutable after construction. Values are indices into the runtime's list of principals.
class KeyTable {
 public:
  struct Entry {
    KeyDigest digest{};
    std::uint32_t principal = 0;
  };
  explicit KeyTable(const std::vector<Entry>& entries);  // digests are unique (the loader checks)

  // The principal of a key, or nothing. An unknown key costs the same comparisons as a known one.
  std::optional<std::uint32_t> find(std::string_view presented) const;

 private:
  struct Slot {
    KeyDigest digest{};
    std::uint32_t principal = 0;
    bool used = false;
  };
  std::vector<Slot> slots_;  // open addressing, at most half full; a power of two
  std::size_t mask_ = 0;
};

// The key a connection presented last, so that the next request with the same bytes is not hashed
// again. Compared in constant time, wiped when it goes.
class LastKey {
 public:
  LastKey() = default;
  ~LastKey();
  LastKey(const LastKey&) = delete;
  LastKey& operator=(const LastKey&) = delete;

  // `generation` names the table the answer came from: a reload forgets it.
  bool matches(std::string_view presented, std::uint64_t generation) const;
  std::uint32_t principal() const { return principal_; }
  void remember(std::string_view presented, std::uint64_t generation, std::uint32_t principal);

 private:
  static constexpr std::size_t bytes_max = 200;  // longer keys are hashed each time
  std::array<char, bytes_max> key_;
  std::size_t size_ = 0;
  std::uint32_t principal_ = 0;
  std::uint64_t generation_ = 0;
};

// The key inside `Authorization: Bearer KEY` or `x-api-key: KEY`; "" when neither is well-formed.
std::string_view presented_key(std::string_view authorization, std::string_view x_api_key);

}  // namespace steelyard
