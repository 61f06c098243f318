#pragma once
// The first line of a request.
#include "gateway/net/head_reader.h"

namespace steelyard::net {

// Sets method, target and version of `head`, or says what is wrong. The line is [begin, end) of
// `text`; byte classes were checked by HeadLines. The whole head stands behind it, so that four
// bytes after the line may be read.
Refusal read_request_line(const char* text, std::uint32_t begin, std::uint32_t end,
                          RequestHead& head);

// False where a body has no meaning (RFC 9110 9.3): the gateway refuses one there, as peers
// disagree on what it is.
inline bool may_have_body(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

}  // namespace steelyard::net
