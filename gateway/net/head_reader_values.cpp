#include "gateway/net/head_reader_values.h"

#include <algorithm>
#include <bit>

#include "gateway/net/head_reader_bytes.h"
#include "gateway/net/head_reader_fields.h"

namespace steelyard::net {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && bytes::is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && bytes::is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  unsigned port = 0;
  for (const char c : text) {
    if (!bytes::is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

bool is_address_char(char c) {
  const char folded = static_cast<char>(c | 0x20);
  return bytes::is_digit(c) || (folded >= 'a' && folded <= 'f') || c == ':' || c == '.';
}

bool is_name_char(char c) {
  return bytes::is_digit(c) || c == '.' || c == '-' || c == '_' ||
         ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Length of the host name at the front of `text`. With sixteen bytes or more, whole blocks; the
// last one overlaps.
std::size_t name_length(std::string_view text) {
  std::size_t at = 0;
  if (text.size() < bytes::block) {
    while (at < text.size() && is_name_char(text[at])) ++at;
    return at;
  }
  for (;;) {
    const std::size_t begin = std::min(at, text.size() - bytes::block);
    const std::uint32_t mask = bytes::not_host_mask(text.data() + begin);
    if (mask != 0) return begin + static_cast<std::size_t>(std::countr_zero(mask));
    at = begin + bytes::block;
    if (at == text.size()) return at;
  }
}

}  // namespace

bool equals_folded(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() && bytes::same_name(name.data(), lower.data(), lower.size());
}

bool same_name_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  constexpr std::size_t digits_max = 20;
  if (text.empty() || text.size() > digits_max || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9) return std::nullopt;
    if (__builtin_mul_overflow(value, 10u, &value) ||
        __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  return value;
}

bool is_chunked(std::string_view text) {
  return equals_folded(text, "chunked");
}

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return bytes::is_token(c); });
}

bool is_host(std::string_view text) {
  std::size_t end = 0;
  if (!text.empty() && text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view address = text.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(), is_address_char)) return false;
    if (address.find(':') == std::string_view::npos) return false;
    ++end;
  } else {
    end = name_length(text);
    if (end == 0) return false;
  }
  if (end == text.size()) return true;
  return text[end] == ':' && is_port(text.substr(end + 1));
}

bool TokenList::next(std::string_view& token) {
  while (!rest_.empty()) {
    const std::size_t comma = std::min(rest_.find(','), rest_.size());
    token = trim(rest_.substr(0, comma));
    rest_.remove_prefix(std::min(comma + 1, rest_.size()));
    if (token.empty()) continue;
    if (is_token(token)) return true;
    malformed_ = true;
    return false;
  }
  return false;
}

}  // namespace steelyard::net
