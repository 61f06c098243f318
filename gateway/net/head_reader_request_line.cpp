#include "gateway/net/head_reader_request_line.h"

#include <bit>
#include <string_view>

#include "gateway/net/head_reader_bytes.h"

namespace steelyard::net {
namespace {

constexpr std::uint32_t version_bytes = 8;  // "HTTP/1.1"

bool is_version(const char* text) {
  if (bytes::load_word(text, 8) == bytes::load_word("HTTP/1.1", 8)) return true;
  return std::string_view(text, 5) == "HTTP/" && bytes::is_digit(text[5]) && text[6] == '.' &&
         bytes::is_digit(text[7]);
}

// False for a method the gateway does not serve.
bool find_method(std::string_view text, Method& method) {
  switch (text.size()) {
    case 3: method = text == "GET" ? Method::get : Method::put; break;
    case 4: method = text == "POST" ? Method::post : Method::head; break;
    case 5: method = Method::patch; break;
    case 6: method = Method::del; break;
    case 7: method = Method::options; break;
    default: return false;
  }
  return text == name_of(method);
}

// No blank, no fragment, no control in [begin, end). Thirteen bytes follow: " HTTP/1.1", CRLF and
// at least another CRLF.
bool is_target(const char* text, std::uint32_t begin, std::uint32_t end) {
  std::uint32_t at = begin;
  for (; at + bytes::block <= end; at += bytes::block) {
    if (bytes::not_target_mask(text + at) != 0) return false;
  }
  const std::uint32_t rest = end - at;
  if (rest >= 3) return (bytes::not_target_mask(text + at) & ((1u << rest) - 1)) == 0;
  for (; at < end; ++at) {
    if (text[at] <= ' ' || text[at] == '#') return false;
  }
  return true;
}

}  // namespace

Refusal read_request_line(const char* text, std::uint32_t begin, std::uint32_t end,
                          RequestHead& head) {
  constexpr Refusal malformed{400, "malformed request line"};
  const bool post = bytes::load_word(text + begin, 4) == bytes::load_word("POST", 4);
  std::uint32_t at = post ? begin + 4 : begin;
  while (at < end && bytes::is_token(text[at])) ++at;
  const std::string_view method(text + begin, at - begin);
  if (method.empty() || at == end || text[at] != ' ') return malformed;
  const std::uint32_t target = at + 1;
  if (end - target < version_bytes + 2) return malformed;
  const std::uint32_t target_end = end - version_bytes - 1;
  if (text[target_end] != ' ' || !is_version(text + target_end + 1)) return malformed;
  if (!is_target(text, target, target_end)) return {400, "malformed request target"};

  const char major = text[end - 3];
  const char minor = text[end - 1];
  if (major != '1' || minor > '1') return {505, "HTTP version other than 1.0 and 1.1"};
  head.version_minor = static_cast<std::uint8_t>(minor - '0');
  head.method = Method::post;
  if ((!post || method.size() != 4) && !find_method(method, head.method)) {
    const bool known = method == "CONNECT" || method == "TRACE";
    return known ? Refusal{405, "method not allowed"} : Refusal{501, "unknown method"};
  }
  head.target_at = static_cast<std::uint16_t>(target);
  head.target_bytes = static_cast<std::uint16_t>(target_end - target);
  if (text[target] == '/') return {};
  const bool asterisk = head.target() == "*" && head.method == Method::options;
  return asterisk ? Refusal{} : Refusal{400, "request target is not a path"};
}

}  // namespace steelyard::net
