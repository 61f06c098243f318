#pragma once
// The first line of a request.
#include "gateway/net/head_reader.h"

namespace steelyard::net {

struct RequestLine {
  Refusal refusal;
  Method method = Method::get;
  std::uint8_t version_minor = 1;
  std::uint16_t target_at = 0, target_bytes = 0;
};

// The line is [begin, end) of `text`; byte classes were checked by HeadLines. The whole head stands
// behind it, so that four bytes after the line may be read.
RequestLine split_request_line(const char* text, std::uint32_t begin, std::uint32_t end);

// False where a body has no meaning (RFC 9110 9.3): the gateway refuses one there, as peers
// disagree on what it is.
inline bool may_have_body(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

}  // namespace steelyard::net
