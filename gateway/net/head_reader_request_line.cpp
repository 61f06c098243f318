#include "gateway/net/head_reader_request_line.h"

#include <bit>
#include <string_view>

#include "gateway/net/head_reader_bytes.h"

namespace steelyard::net {
namespace {

constexpr std::uint32_t version_bytes = 8;  // "HTTP/1.1"

RequestLine refuse(std::uint16_t status, const char* text) {
  RequestLine line;
  line.refusal = {status, text};
  return line;
}

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

RequestLine split_request_line(const char* text, std::uint32_t begin, std::uint32_t end) {
  std::uint32_t at = begin;
  if (bytes::load_word(text + begin, 4) == bytes::load_word("POST", 4)) at += 4;
  while (at < end && bytes::is_token(text[at])) ++at;
  const std::string_view method(text + begin, at - begin);
  if (method.empty() || at == end || text[at] != ' ') return refuse(400, "malformed request line");
  const std::uint32_t target = at + 1;
  if (end - target < version_bytes + 2 || text[end - version_bytes - 1] != ' ' ||
      !is_version(text + end - version_bytes)) {
    return refuse(400, "malformed request line");
  }
  const std::uint32_t target_end = end - version_bytes - 1;
  if (!is_target(text, target, target_end)) return refuse(400, "malformed request target");

  RequestLine line;
  const char major = text[end - 3];
  const char minor = text[end - 1];
  if (major != '1' || minor > '1') return refuse(505, "HTTP version other than 1.0 and 1.1");
  line.version_minor = static_cast<std::uint8_t>(minor - '0');
  if (!find_method(method, line.method)) {
    const bool known = method == "CONNECT" || method == "TRACE";
    return known ? refuse(405, "method not allowed") : refuse(501, "unknown method");
  }
  line.target_at = static_cast<std::uint16_t>(target);
  line.target_bytes = static_cast<std::uint16_t>(target_end - target);
  const bool asterisk =
      line.target_bytes == 1 && text[target] == '*' && line.method == Method::options;
  if (text[target] != '/' && !asterisk) return refuse(400, "request target is not a path");
  return line;
}

}  // namespace steelyard::net
