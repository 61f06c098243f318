#include "gateway/dialect/hub_text.h"

#include <algorithm>
#include <cstdint>

#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::hub {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kIdMax = 64;

bool is_legal_id(std::string_view id) {
  if (id.empty() || id.size() > kIdMax) return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

// FNV-1a, twice with different offsets: 128 bits tell apart the ids of one conversation.
std::uint64_t fnv(std::string_view text, std::uint64_t state) {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return state;
}

void append_hex(std::string& out, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 15];
}

}  // namespace

bool is_blank(std::string_view escaped) {
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == ' ') continue;
    if (escaped[i] != '\\' || i + 1 == escaped.size()) return false;
    const char c = escaped[++i];
    if (c != 'n' && c != 't' && c != 'r' && c != 'f') return false;
  }
  return true;
}

bool split_data_url(std::string_view escaped, std::string_view& media_type,
                    std::string_view& base64) {
  constexpr std::string_view kScheme = "data:", kCoding = ";base64,";
  if (!escaped.starts_with(kScheme)) return false;
  escaped.remove_prefix(kScheme.size());
  const std::size_t comma = escaped.substr(0, 256).find(',');
  if (comma == std::string_view::npos) return false;
  std::string_view head = escaped.substr(0, comma + 1);
  if (!head.ends_with(kCoding)) return false;
  head.remove_suffix(kCoding.size());
  media_type = head.substr(0, head.find(';'));
  base64 = escaped.substr(comma + 1);
  return true;
}

bool is_json(std::string_view json) {
  JsonCursor cursor(json);
  return cursor.skip_value() && cursor.at_end();
}

bool is_json_object(std::string_view json) {
  return JsonCursor(json).peek() == '{' && is_json(json);
}

bool is_answered_object(std::string_view json) {
  JsonCursor cursor(json, LoneSurrogates::taken);
  return cursor.peek() == '{' && cursor.skip_value() && cursor.at_end();
}

void append_legal_id(std::string& out, std::string_view id) {
  // An id that looks like one of ours is made again: else two ids could become one.
  if (is_legal_id(id) && !id.starts_with("sy_")) {
    out += id;
    return;
  }
  out += "sy_";
  if (id.size() <= 44) return append_base64url(out, id);
  append_hex(out, fnv(id, 0xCBF29CE484222325u));
  append_hex(out, fnv(id, 0x84222325CBF29CE4u));
  out += '-';
}

void append_digest(std::string& out, std::initializer_list<std::string_view> pieces) {
  std::uint64_t a = 0xCBF29CE484222325u, b = 0x84222325CBF29CE4u;
  for (const std::string_view piece : pieces) {
    a = fnv(piece, a ^ piece.size());
    b = fnv(piece, b ^ piece.size());
  }
  append_hex(out, a);
  append_hex(out, b);
}

void append_base64url(std::string& out, std::string_view bytes) {
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kAlphabet[bits << (6 - held) & 63];
}

bool decode_base64url(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) {
      out.resize(before);
      return false;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 255);
  }
  const bool whole = held < 6 && (bits & ((1u << held) - 1)) == 0;
  if (!whole) out.resize(before);
  return whole;
}

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t begin = out.size();
  append_base64url(out, bytes);
  for (std::size_t i = begin; i < out.size(); ++i) {
    if (out[i] == '-') out[i] = '+';
    if (out[i] == '_') out[i] = '/';
  }
  while ((out.size() - begin) % 4 != 0) out += '=';
}

bool decode_base64(std::string& out, std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string plain(text);
  for (char& c : plain) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return decode_base64url(out, plain);
}

}  // namespace steelyard::dialect::hub
