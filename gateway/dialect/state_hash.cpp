#include "gateway/dialect/state_hash.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {
namespace {

std::string_view without_padding(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return text;
}

bool has(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

}  // namespace

std::uint64_t state_hash(std::string_view escaped) {
  std::string plain;
  std::string_view text = escaped;
  if (has(text, '\\')) {
    append_unescaped(plain, escaped);
    text = plain;
  }
  text = without_padding(text);
  if (has(text, '-') || has(text, '_')) {
    std::string standard(text);
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    plain.swap(standard);
    text = plain;
  }
  if (text.empty()) return 0;
  const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
  return hash == 0 ? 1 : hash;
}

std::string_view own_state(const hub::Part& part) {
  using hub::PartKind;
  if (part.carried) return {};
  const std::string_view state =
      part.kind == PartKind::redacted_thinking ? part.text : part.signature;
  const bool ours = hub::is_carrier(state) || hub::is_coded_carrier(state);
  return ours || state == gemini::signature_filler ? std::string_view() : state;
}

}  // namespace steelyard::dialect
