#pragma once
// JSON as a list of token positions. simdjson's stage 1 finds them (SIMD, UTF-8 checked);
// JsonCursor walks them without a tree and without copying. simdjson's own On-Demand walk is not
// used: it checks only what it touches, so two readers can disagree about one document
// (research/reliability 0.2).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steelyard::dialect {

enum class JsonFault : std::uint8_t {
  none,
  empty,
  byte_order_mark,
  too_large,  // over 4 GiB, or out of memory
  bad_utf8,
  control_character,  // raw, inside a string
  unclosed_string,
  bad_token,      // not a string, number, true, false or null; bad escape
  bad_structure,  // misplaced comma, colon or bracket; trailing content; cut off
  too_deep,
};
const char* describe(JsonFault fault);  // a clause for a human

// One per worker, reused: grows to the largest document, gives memory above keep_bytes back by
// itself.
class JsonIndex {
 public:
  JsonIndex();
  ~JsonIndex();
  JsonIndex(const JsonIndex&) = delete;
  JsonIndex& operator=(const JsonIndex&) = delete;

  // Finds the tokens of `text`, which must stay where it is while a cursor is used. No padding
  // needed.
  JsonFault load(std::string_view text);

  static constexpr std::size_t keep_bytes = 1u << 20;

 private:
  friend class JsonCursor;
  struct State;
  std::unique_ptr<State> state_;
  const char* text_ = nullptr;
  const std::uint32_t* tokens_ = nullptr;  // positions, then a sentinel: the length of the text
  std::size_t count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace steelyard::dialect
