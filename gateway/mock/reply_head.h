#pragma once
// Response heads and error bodies as OpenAI sends them. Internal to gateway/mock.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/mock/behaviour.h"

namespace steelyard::mock {

enum class BodyFraming : std::uint8_t { length, chunked, until_close };

struct ReplyHead {
  int status = 200;
  std::string_view content_type = "application/json";
  BodyFraming framing = BodyFraming::length;
  std::size_t length = 0;        // for BodyFraming::length
  std::string_view request_id;   // x-request-id; empty: none
  std::string_view rate_limits;  // ready lines, see rate_limit_lines()
  std::string_view extra;        // ready lines
  bool close = false;
};
void append_head(std::string& out, const ReplyHead& head);

struct ErrorReply {
  int status = 500;
  std::string_view message;
  std::string_view type;
  std::string_view code;   // empty: null
  std::string_view param;  // empty: null
};
// What the status usually carries, with the behaviour's error_* on top.
ErrorReply usual_error(int status, const Behaviour& behaviour);
void append_error_body(std::string& out, const ErrorReply& error);

// x-ratelimit-* for a key with plenty left, or (`exhausted`) none.
std::string_view rate_limit_lines(bool exhausted);
// retry-after and retry-after-ms, when the behaviour sets them.
void append_retry_lines(std::string& out, const Behaviour& behaviour);

}  // namespace steelyard::mock
