#include "gateway/dialect/anthropic_signature.h"

#include <algorithm>

#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::anthropic {
namespace {

constexpr std::size_t looked_at = 256;  // letters; the name ends before the 150th
constexpr char name_field = 0x32;       // 6, of bytes
constexpr std::size_t date_digits = 8;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The date at the beginning of `text`, behind one letter of `marks`; "": none.
std::string_view date_in(std::string_view text, std::string_view marks) {
  if (text.size() < date_digits + 1 || marks.find(text[0]) == std::string_view::npos) return {};
  const std::string_view date = text.substr(1, date_digits);
  const bool digits = std::all_of(date.begin(), date.end(), is_digit);
  return digits && (text.size() == date_digits + 1 || !is_digit(text[date_digits + 1]))
             ? date
             : std::string_view();
}

}  // namespace

std::string signing_model(std::string_view signature) {
  std::string plain, bytes;
  append_unescaped(plain, signature.substr(0, looked_at));
  plain.resize(std::min(plain.size(), plain.find('=')) / 4 * 4);
  if (!hub::decode_base64(bytes, plain)) return {};
  const std::size_t at = bytes.find("claude-");
  if (at == std::string::npos || at < 2 || bytes[at - 2] != name_field) return {};
  const auto size = static_cast<unsigned char>(bytes[at - 1]);
  if (size > 64 || at + size > bytes.size()) return {};
  return bytes.substr(at, size);
}

bool is_signer(std::string_view name, std::string_view signer) {
  std::string_view signed_on;
  if (signer.size() > date_digits + 1)
    signed_on = date_in(signer.substr(signer.size() - date_digits - 1), "-");
  if (!signed_on.empty()) signer.remove_suffix(date_digits + 1);
  const std::size_t at = signer.empty() ? std::string_view::npos : name.find(signer);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = name.substr(at + signer.size());
  const std::string_view made_on = date_in(rest, "-@");
  if (!made_on.empty()) return signed_on.empty() || made_on == signed_on;
  // "-5" would make another model of it; "-latest", "-v1:0" and "@default" do not.
  return rest.empty() || rest[0] == '@' || rest[0] == ':' ||
         (rest[0] == '-' && rest.size() > 1 && !is_digit(rest[1]));
}

}  // namespace steelyard::dialect::anthropic
