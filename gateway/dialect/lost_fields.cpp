#include "gateway/dialect/lost_fields.h"

#include <algorithm>

#include "gateway/dialect/key_table.h"

namespace steelyard::dialect {
namespace {

constexpr std::string_view kPrefix = "field.";

// Clients send back what answers held of themselves, and what the wire needs: no model sees it.
constexpr KeyTable kCarryNothing(key_names(
    "id", "type", "object", "index", "status", "phase", "created", "created_at", "created_by",
    "timestamp", "annotations", "logprobs", "parsed", "parsed_output", "parsed_arguments", "caller",
    "finish_reason", "native_finish_reason", "stop_reason", "stop_sequence", "usage", "padding",
    "obfuscation", "execution", "display", "eager_input_streaming", "partMetadata"));

bool says_nothing(std::string_view value) {
  return value == "null" || value == "false" || value == "\"\"" || value == "[]" || value == "{}";
}

bool may_be_told(std::string_view name) {
  const auto plain = [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return !name.empty() && name.size() <= LostFields::name_bytes_max &&
         std::all_of(name.begin(), name.end(), plain);
}

}  // namespace

void LostFields::clear() {
  names_.clear();
  count_ = named_ = 0;
}

void LostFields::add(std::string_view key, std::string_view value) {
  if (kCarryNothing.find(key) < 0 && !says_nothing(value)) add(key);
}

void LostFields::add(std::string_view key) {
  ++count_;
  if (named_ == names_max || !may_be_told(key)) return;
  const std::string name = std::string(kPrefix).append(key);
  // No name holds a comma: what is found between two is one.
  if (("," + names_ + ",").find("," + name + ",") != std::string::npos) return;
  if (!names_.empty()) names_ += ',';
  names_ += name;
  ++named_;
}

void LostFields::undo(const Mark& mark) {
  names_.resize(mark.size);
  count_ = mark.count;
  named_ = mark.named;
}

}  // namespace steelyard::dialect
