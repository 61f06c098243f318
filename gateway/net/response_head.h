#pragma once
// Strict reader of a provider's response head: no copy, no allocation. Anything two readers might
// frame differently is refused, because on a reused connection it would give one client another
// client's answer: Content-Length beside Transfer-Encoding, repeated or not canonical, any transfer
// coding but chunked, obs-fold, bare CR or LF, control bytes. Also refused: status below 100 or
// above 599, 101 (nobody asked), more than 128 fields, a head above 64 KiB. A refusal is the
// provider's fault: 502 for the client, drop the connection.
#include <cstdint>
#include <string_view>

#include "gateway/net/head_reader_fields.h"
#include "gateway/net/head_reader_lines.h"

namespace steelyard::net {

enum class ResponseField : std::uint8_t {
  content_length,
  transfer_encoding,
  connection,
  content_type,
  content_encoding,
  retry_after,
  retry_after_ms,
  x_should_retry,
  x_request_id,
  request_id,
  x_ratelimit_limit_requests,
  x_ratelimit_limit_tokens,
  x_ratelimit_remaining_requests,
  x_ratelimit_remaining_tokens,
  x_ratelimit_reset_requests,
  x_ratelimit_reset_tokens,
  x_ratelimit_limit_project_tokens,
  x_ratelimit_remaining_project_tokens,
  x_ratelimit_reset_project_tokens,
  anthropic_requests_limit,
  anthropic_requests_remaining,
  anthropic_requests_reset,
  anthropic_tokens_limit,
  anthropic_tokens_remaining,
  anthropic_tokens_reset,
  anthropic_input_tokens_limit,
  anthropic_input_tokens_remaining,
  anthropic_input_tokens_reset,
  anthropic_output_tokens_limit,
  anthropic_output_tokens_remaining,
  anthropic_output_tokens_reset,
  count_,
};

enum class BodyFraming : std::uint8_t {
  none,         // 1xx, 204, 304, an answer to HEAD, or length 0
  length,       // content_length bytes
  chunked,      // use ChunkDecoder(ChunkSource::provider)
  until_close,  // to the end of the connection; over TLS an end without close_notify is truncation
};

struct ResponseHead {
  std::uint16_t status = 0;  // 100, 102..199, 200..599
  std::uint8_t version_minor = 1;
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = true;     // after the whole body the connection may be reused
  bool event_stream = false;  // content-type is text/event-stream, or Amazon's
  std::uint32_t head_bytes = 0;
  std::uint64_t content_length = 0;  // with framing `length`
  Refusal refusal;                   // status 502 when refused
  Fields<ResponseField, 128> fields;

  std::string_view value(ResponseField known) const { return fields.value(known); }
  // 1xx: skip head_bytes, reset the lines and read again (at most five times).
  bool interim() const { return status < 200; }
  void rebase(const char* where) { fields.rebase(where); }
};

// Like read_head. `to_head`: the request was HEAD, so the answer has no body whatever it says.
HeadStatus read_response_head(std::string_view buffer, HeadLines& lines, ResponseHead& head,
                              bool to_head = false);

}  // namespace steelyard::net
