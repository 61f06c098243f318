#pragma once
// What the gateway reads of an answer, streamed or whole, whatever the dialect.
#include <cstdint>

namespace steelyard::dialect {

enum class FinishReason : std::uint8_t {
  none,
  stop,
  length,
  tool_calls,
  content_filter,
  error,
  other
};
const char* name_of(FinishReason reason);  // "" for none

class FinishSet {
 public:
  constexpr void add(FinishReason r) { bits_ = static_cast<std::uint8_t>(bits_ | bit(r)); }
  constexpr void merge(FinishSet other) { bits_ = static_cast<std::uint8_t>(bits_ | other.bits_); }
  constexpr bool has(FinishReason r) const { return (bits_ & bit(r)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr unsigned bit(FinishReason r) { return 1u << static_cast<unsigned>(r); }
  std::uint8_t bits_ = 0;
};

}  // namespace steelyard::dialect
