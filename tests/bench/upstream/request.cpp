#include "tests/bench/upstream/request.h"

#include <strings.h>

#include <charconv>

namespace steelyard::bench {
namespace {

constexpr std::size_t body_bytes_max = 64u << 20;
constexpr std::uint32_t contents_max = 10'000'000;

// The text after `"name":`, without white space; empty when the key is not there. Text inside
// strings cannot be taken for a key: its quotes are escaped. A string value can, but no colon
// follows it.
std::string_view value_of(std::string_view body, std::string_view quoted_name) {
  for (std::size_t at = body.find(quoted_name); at != body.npos;
       at = body.find(quoted_name, at + 1)) {
    std::string_view rest = body.substr(at + quoted_name.size());
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    if (rest.empty() || rest.front() != ':') continue;
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    return rest;
  }
  return {};
}

bool is_true(std::string_view value) {
  return value.substr(0, 4) == "true";
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
}

// -1: there is none or it is no number.
std::int64_t content_length(std::string_view head) {
  constexpr std::string_view name = "content-length:";
  for (std::size_t at = head.find('\n'); at != head.npos; at = head.find('\n', at + 1)) {
    const std::string_view line = head.substr(at + 1);
    if (line.size() <= name.size() || (line[0] | 0x20) != 'c') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    std::size_t i = name.size();
    while (i < line.size() && line[i] == ' ') ++i;
    std::int64_t value = -1;
    return read_number(line.substr(i), value) ? value : -1;
  }
  return -1;
}

}  // namespace

Request read_request(std::string_view received) {
  Request request;
  const std::size_t end = received.find("\r\n\r\n");
  if (end == received.npos) return request;
  const std::string_view head = received.substr(0, end + 2);
  const std::int64_t length = head.starts_with("GET ") ? 0 : content_length(head);
  if (length < 0 || length > static_cast<std::int64_t>(body_bytes_max)) {
    request.state = Completeness::refused;
    return request;
  }
  request.bytes = end + 4 + static_cast<std::size_t>(length);
  if (received.size() < request.bytes) return request;
  request.state = Completeness::whole;
  request.body = received.substr(end + 4, static_cast<std::size_t>(length));
  return request;
}

StreamWish read_wish(std::string_view body, StreamWish defaults) {
  StreamWish wish = defaults;
  wish.stream = is_true(value_of(body, "\"stream\""));
  if (!wish.stream) {
    const std::size_t delay = body.find("\"delay=");
    std::int64_t us = 0;
    if (delay != body.npos && read_number(body.substr(delay + 7), us) && us >= 0)
      wish.delay_ns = us * 1000;
    return wish;
  }
  wish.include_usage = is_true(value_of(body, "\"include_usage\""));
  std::string_view tokens = value_of(body, "\"max_completion_tokens\"");
  if (tokens.empty()) tokens = value_of(body, "\"max_tokens\"");
  std::uint32_t contents = 0;
  if (read_number(tokens, contents) && contents <= contents_max) wish.contents = contents;
  const std::string_view user = value_of(body, "\"user\"");
  std::int64_t pace_us = 0;
  if (user.starts_with("\"pace=") && read_number(user.substr(6), pace_us) && pace_us >= 0)
    wish.pace_ns = pace_us * 1000;
  return wish;
}

}  // namespace steelyard::bench
