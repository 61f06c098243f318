#include "gateway/mock/reply_head.h"

#include "config/types/json_writer.h"
#include "gateway/mock/answer_plan.h"

namespace steelyard::mock {
namespace {

struct UsualError {
  int status;
  std::string_view reason;  // of the status line
  std::string_view type, code, message;
};

constexpr UsualError kErrors[] = {
    {400, "Bad Request", "invalid_request_error", "context_length_exceeded",
     "the messages do not fit this model's context window"},
    {401, "Unauthorized", "invalid_request_error", "invalid_api_key", "this API key is not known"},
    {402, "Payment Required", "insufficient_balance", "insufficient_balance", "no credit is left"},
    {403, "Forbidden", "invalid_request_error", "forbidden", "this key may not do that"},
    {404, "Not Found", "invalid_request_error", "model_not_found", "this model does not exist"},
    {408, "Request Timeout", "timeout", "timeout", "the request took too long to arrive"},
    {409, "Conflict", "invalid_request_error", "conflict", "another request is in the way"},
    {413, "Content Too Large", "invalid_request_error", "request_too_large",
     "the request is too large"},
    {422, "Unprocessable Content", "invalid_request_error", "invalid_value",
     "a value is not acceptable"},
    {429, "Too Many Requests", "requests", "rate_limit_exceeded",
     "too many requests, try again later"},
    {431, "Request Header Fields Too Large", "invalid_request_error", "head_too_large",
     "the request head is too large"},
    {500, "Internal Server Error", "server_error", "", "the mock failed, as it was told to"},
    {502, "Bad Gateway", "server_error", "bad_gateway", "no answer from behind the mock"},
    {503, "Service Unavailable", "server_error", "service_unavailable",
     "the mock is overloaded, as it was told to be"},
    {504, "Gateway Timeout", "server_error", "timeout", "no answer in time from behind the mock"},
    {529, "Site Overloaded", "overloaded_error", "overloaded", "the mock is overloaded"},
};

const UsualError& usual(int status) {
  for (const UsualError& error : kErrors) {
    if (error.status == status) return error;
  }
  static constexpr UsualError kClient = {0, "Error", "invalid_request_error", "", "no"};
  static constexpr UsualError kServer = {0, "Error", "server_error", "", "the mock failed"};
  return status < 500 ? kClient : kServer;
}

std::string_view or_else(const std::string& text, std::string_view usual_text) {
  return text.empty() ? usual_text : std::string_view(text);
}

}  // namespace

void append_head(std::string& out, const ReplyHead& head) {
  if (head.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_integer(out, head.status);
    out += ' ';
    out += usual(head.status).reason;
    out += "\r\n";
  }
  out += "server: steelyard-mock\r\ncontent-type: ";
  out += head.content_type;
  if (!head.request_id.empty()) {
    out += "\r\nx-request-id: req_";
    out += head.request_id;
    out += "\r\nopenai-processing-ms: 1\r\nopenai-version: 2020-10-01";
  }
  out += "\r\n";
  out += head.rate_limits;
  out += head.extra;
  if (head.framing == BodyFraming::length) {
    out += "content-length: ";
    append_integer(out, static_cast<std::int64_t>(head.length));
    out += "\r\n";
  } else if (head.framing == BodyFraming::chunked) {
    out += "transfer-encoding: chunked\r\n";
  }
  if (head.close) out += "connection: close\r\n";
  out += "\r\n";
}

ErrorReply usual_error(int status, const Behaviour& behaviour) {
  const UsualError& known = usual(status);
  return {status, or_else(behaviour.error_message, known.message),
          or_else(behaviour.error_type, known.type), or_else(behaviour.error_code, known.code), ""};
}

void append_error_body(std::string& out, const ErrorReply& error) {
  out += "{\"error\":{\"message\":\"";
  append_json_escaped(out, error.message);
  out += "\",\"type\":\"";
  append_json_escaped(out, error.type);
  out += "\",\"param\":";
  append_finish(out, error.param);
  out += ",\"code\":";
  append_finish(out, error.code);
  out += "}}";
}

std::string_view rate_limit_lines(bool exhausted) {
  return exhausted ? "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 0\r\n"
                     "x-ratelimit-reset-requests: 1s\r\nx-ratelimit-limit-tokens: 2000000\r\n"
                     "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 6m0s\r\n"
                   : "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\n"
                     "x-ratelimit-reset-requests: 6ms\r\nx-ratelimit-limit-tokens: 2000000\r\n"
                     "x-ratelimit-remaining-tokens: 1999000\r\nx-ratelimit-reset-tokens: 12ms\r\n";
}

void append_retry_lines(std::string& out, const Behaviour& behaviour) {
  if (behaviour.retry_after_s >= 0) {
    out += "retry-after: ";
    append_integer(out, behaviour.retry_after_s);
    out += "\r\n";
  }
  if (behaviour.retry_after_ms >= 0) {
    out += "retry-after-ms: ";
    append_integer(out, behaviour.retry_after_ms);
    out += "\r\n";
  }
}

}  // namespace steelyard::mock
