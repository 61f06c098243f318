#include "router/tokens/cut.h"

#include "router/tokens/unicode_class.h"

namespace steelyard::router {
namespace {

using Bytes = const unsigned char*;

// The class of the character that ends at `at`, at > 0; a byte of ASCII or the end of the text
// follows it, so what is not UTF-8 ends there too.
CharClass class_before(Bytes data, std::size_t at) {
  std::size_t start = at - 1;
  while (start > 0 && at - start < 4 && (data[start] & 0xC0) == 0x80) --start;
  const Decoded found = decode_utf8(data, start, at);
  return found.valid && start + found.size == at ? found.kind : CharClass::other;
}

bool is_letter(CharClass kind) {
  return kind == CharClass::upper || kind == CharClass::lower || kind == CharClass::caseless;
}
bool is_blank(CharClass kind) {
  return kind == CharClass::space || kind == CharClass::newline;
}

// `left` stands before the ASCII character `next`.
bool ends_piece(CharClass left, unsigned char next) {
  const CharClass right = class_of(next);
  if (left == CharClass::newline) return !is_blank(right) && next != '/';
  if (left == CharClass::space) return false;
  switch (right) {
    case CharClass::space: return true;
    case CharClass::newline: return is_letter(left) || left == CharClass::number;
    case CharClass::number: return left != CharClass::number;
    case CharClass::other: return (is_letter(left) && next != '\'') || left == CharClass::number;
    default: return left == CharClass::number;
  }
}

}  // namespace

std::size_t last_cut(std::string_view text) {
  const auto* data = reinterpret_cast<Bytes>(text.data());
  for (std::size_t at = text.size() > 0 ? text.size() - 1 : 0; at > 0; --at) {
    if (data[at] < 0x80) {
      if (ends_piece(class_before(data, at), data[at])) return at;
    } else if (data[at - 1] == '\n' || data[at - 1] == '\r') {
      const Decoded next = decode_utf8(data, at, text.size());
      if (next.valid && !is_blank(next.kind)) return at;
    }
  }
  return 0;
}

}  // namespace steelyard::router
