#include "gateway/dialect/json_index.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace steelyard::dialect {

// simdjson's implementation object is used for its stage 1 only. It is marked "for internal use"
// there, but it is a public virtual interface, Debian pins the version, and tests/unit/dialect
// holds the behaviour relied on.
struct JsonIndex::State {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;
  std::size_t capacity = 0;
  static constexpr std::size_t capacity_min = 16u << 10;

  bool reserve(std::size_t bytes) {
    const bool shrink = capacity > keep_bytes && bytes <= keep_bytes;
    if (bytes <= capacity && !shrink) return true;
    const std::size_t want = std::max(capacity_min, std::bit_ceil(bytes));
    capacity = 0;
    stage1.reset();
    const auto* implementation = simdjson::get_active_implementation().operator->();
    const auto error = implementation->create_dom_parser_implementation(want, 1, stage1);
    if (error != simdjson::SUCCESS) return false;
    capacity = want;
    return true;
  }
};

namespace {

JsonFault fault_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS: return JsonFault::none;
    case simdjson::EMPTY: return JsonFault::empty;
    case simdjson::UTF8_ERROR: return JsonFault::bad_utf8;
    case simdjson::UNCLOSED_STRING: return JsonFault::unclosed_string;
    case simdjson::UNESCAPED_CHARS: return JsonFault::control_character;
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC: return JsonFault::too_large;
    default: return JsonFault::bad_structure;
  }
}

}  // namespace

JsonIndex::JsonIndex() : state_(std::make_unique<State>()) {}
JsonIndex::~JsonIndex() = default;

JsonFault JsonIndex::load(std::string_view text) {
  static constexpr std::uint32_t nothing[2] = {0, 0};
  text_ = text.data();
  tokens_ = nothing;
  count_ = 0;
  size_ = 0;
  if (text.empty()) return JsonFault::empty;
  if (text.starts_with("\xEF\xBB\xBF")) return JsonFault::byte_order_mark;
  if (text.size() >= UINT32_MAX || !state_->reserve(text.size())) return JsonFault::too_large;

  auto& stage1 = *state_->stage1;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto error = stage1.stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  if (error != simdjson::SUCCESS) return fault_of(error);
  stage1.structural_indexes[stage1.n_structural_indexes] = static_cast<std::uint32_t>(text.size());
  tokens_ = stage1.structural_indexes.get();
  count_ = stage1.n_structural_indexes;
  size_ = text.size();
  return JsonFault::none;
}

const char* describe(JsonFault fault) {
  switch (fault) {
    case JsonFault::none: return "";
    case JsonFault::empty: return "it is empty";
    case JsonFault::byte_order_mark: return "it begins with a byte order mark";
    case JsonFault::too_large: return "it is too large";
    case JsonFault::bad_utf8: return "it is not UTF-8";
    case JsonFault::control_character: return "a string holds a raw control character";
    case JsonFault::unclosed_string: return "a string is not closed";
    case JsonFault::bad_token: return "a value is malformed";
    case JsonFault::bad_structure: return "the structure is broken";
    case JsonFault::too_deep: return "it is nested too deeply";
  }
  return "";
}

}  // namespace steelyard::dialect
