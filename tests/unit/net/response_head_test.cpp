#include "gateway/net/response_head.h"

#include <doctest/doctest.h>

#include <string>

using namespace steelyard::net;

namespace {

struct Read {
  HeadStatus status;
  ResponseHead head;
};

Read read(std::string_view text, bool to_head = false) {
  HeadLines lines;
  lines.reset();
  Read result;
  result.status = read_response_head(text, lines, result.head, to_head);
  return result;
}

std::string ok(std::string_view fields) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("the limits and hints of providers are found") {
  using F = ResponseField;
  const std::string text =
      ok("Date: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
         "Transfer-Encoding: chunked\r\nx-ratelimit-limit-requests: 1\r\nx-ratelimit-limit-tokens: "
         "2\r\n"
         "x-ratelimit-remaining-requests: 3\r\nx-ratelimit-remaining-tokens: "
         "4\r\nx-ratelimit-reset-requests: 5ms\r\n"
         "x-ratelimit-reset-tokens: 6m0s\r\nx-ratelimit-limit-project-tokens: 7\r\n"
         "x-ratelimit-remaining-project-tokens: 8\r\nx-ratelimit-reset-project-tokens: 9s\r\n"
         "Anthropic-Ratelimit-Requests-Limit: 10\r\nanthropic-ratelimit-requests-remaining: 11\r\n"
         "anthropic-ratelimit-requests-reset: 12\r\nanthropic-ratelimit-tokens-limit: 13\r\n"
         "anthropic-ratelimit-tokens-remaining: 14\r\nanthropic-ratelimit-tokens-reset: 15\r\n"
         "anthropic-ratelimit-input-tokens-limit: "
         "16\r\nanthropic-ratelimit-input-tokens-remaining: 17\r\n"
         "anthropic-ratelimit-input-tokens-reset: 18\r\nanthropic-ratelimit-output-tokens-limit: "
         "19\r\n"
         "anthropic-ratelimit-output-tokens-remaining: "
         "20\r\nanthropic-ratelimit-output-tokens-reset: 21\r\n"
         "Retry-After: 22\r\nretry-after-ms: 23\r\nx-should-retry: false\r\nx-request-id: "
         "r1\r\nrequest-id: r2\r\n"
         "server: caf\xc3\xa9\r\ncontent-encoding: identity\r\nx-ratelimit-new: later\r\n");
  const auto [status, head] = read(text);
  REQUIRE(status == HeadStatus::complete);
  CHECK(head.status == 200);
  CHECK(head.framing == BodyFraming::chunked);
  CHECK(head.event_stream);
  CHECK(head.keep_alive);
  CHECK(head.head_bytes == text.size());
  const std::pair<F, std::string_view> expected[] = {
      {F::x_ratelimit_limit_requests, "1"},
      {F::x_ratelimit_limit_tokens, "2"},
      {F::x_ratelimit_remaining_requests, "3"},
      {F::x_ratelimit_remaining_tokens, "4"},
      {F::x_ratelimit_reset_requests, "5ms"},
      {F::x_ratelimit_reset_tokens, "6m0s"},
      {F::x_ratelimit_limit_project_tokens, "7"},
      {F::x_ratelimit_remaining_project_tokens, "8"},
      {F::x_ratelimit_reset_project_tokens, "9s"},
      {F::anthropic_requests_limit, "10"},
      {F::anthropic_requests_remaining, "11"},
      {F::anthropic_requests_reset, "12"},
      {F::anthropic_tokens_limit, "13"},
      {F::anthropic_tokens_remaining, "14"},
      {F::anthropic_tokens_reset, "15"},
      {F::anthropic_input_tokens_limit, "16"},
      {F::anthropic_input_tokens_remaining, "17"},
      {F::anthropic_input_tokens_reset, "18"},
      {F::anthropic_output_tokens_limit, "19"},
      {F::anthropic_output_tokens_remaining, "20"},
      {F::anthropic_output_tokens_reset, "21"},
      {F::retry_after, "22"},
      {F::retry_after_ms, "23"},
      {F::x_should_retry, "false"},
      {F::x_request_id, "r1"},
      {F::request_id, "r2"},
      {F::content_encoding, "identity"},
  };
  for (const auto& [known, value] : expected) {
    const F field = known;  // clang 14: a lambda (CHECK_MESSAGE) cannot capture a binding
    CHECK_MESSAGE(head.value(field) == value, static_cast<int>(field));
  }
  CHECK(head.fields.find("x-ratelimit-new") == "later");
  CHECK(head.fields.find("server") == "caf\xc3\xa9");
}

TEST_CASE("framing and reuse") {
  using B = BodyFraming;
  struct Case {
    std::string text;
    B framing;
    bool keep_alive;
    std::uint64_t length;
  };
  const Case cases[] = {
      {ok("Content-Length: 5\r\n"), B::length, true, 5},
      {ok("Content-Length: 0\r\n"), B::none, true, 0},
      {ok("Content-Length: 5\r\nConnection: close\r\n"), B::length, false, 5},
      {ok("Transfer-Encoding: Chunked\r\n"), B::chunked, true, 0},
      {ok(""), B::until_close, false, 0},
      {"HTTP/1.1 204 No Content\r\n\r\n", B::none, true, 0},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", B::none, true, 0},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", B::none, false, 4},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", B::none, false, 0},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", B::none, true, 4},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", B::length, false, 5},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", B::length, true,
       5},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
       B::chunked, false, 0},
      {"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", B::length, true, 5},
      {"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", B::length, true, 5},
      {"HTTP/1.1 529 \xe2\x98\xa0\r\nContent-Length: 5\r\n\r\n", B::length, true, 5},
      {"HTTP/1.1 100 Continue\r\n\r\n", B::none, true, 0},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", B::none, true, 0},
  };
  for (const Case& c : cases) {
    const Read result = read(c.text);
    const ResponseHead& head = result.head;
    REQUIRE_MESSAGE(result.status == HeadStatus::complete, c.text << head.refusal.text);
    CHECK_MESSAGE(head.framing == c.framing, c.text);
    CHECK_MESSAGE(head.keep_alive == c.keep_alive, c.text);
    CHECK_MESSAGE(head.content_length == c.length, c.text);
    CHECK(head.interim() == (head.status < 200));
  }
  const auto [status, head] = read(ok("Content-Length: 5\r\n"), true);
  CHECK(status == HeadStatus::complete);
  CHECK(head.framing == B::none);
  CHECK(head.keep_alive);
}

TEST_CASE("answers two readers could frame differently are refused") {
  const std::string bad[] = {
      ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      ok("Content-Length: 5\r\nContent-Length: 5\r\n"),
      ok("Content-Length: 5, 5\r\n"),
      ok("Content-Length: +5\r\n"),
      ok("Content-Length: 05\r\n"),
      ok("Content-Length:\r\n"),
      ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      ok("Transfer-Encoding: gzip\r\n"),
      ok("Transfer-Encoding: gzip, chunked\r\n"),
      ok("X: a\r\n b\r\n"),
      ok("X : a\r\n"),
      ok("X\xc3: a\r\n"),
      ok(std::string("X: \0\r\n", 6)),
      ok("X: a\nContent-Length: 5\r\n"),
      ok("X: a\rb\r\n"),
      ok("Connection: @\r\n"),
      "HTTP/1.1 999 Odd\r\n\r\n",
      "HTTP/1.1 099 Odd\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "okHTTP/1.1 200 OK\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\n\n",
      "{\"error\": 1}\r\n\r\n",
      ok("X: " + std::string(70'000, 'v') + "\r\n"),
  };
  for (const std::string& text : bad) {
    const auto [status, head] = read(text);
    CHECK_MESSAGE(status == HeadStatus::refused, text.substr(0, 100));
    CHECK(head.refusal.status == 502);
  }
  std::string many;
  for (int i = 0; i < 129; ++i) many += "n: v\r\n";
  CHECK(read(ok(many)).status == HeadStatus::refused);
  CHECK(read(ok(many.substr(6))).status == HeadStatus::complete);
}

TEST_CASE("an answer one byte at a time") {
  const std::string text = ok("Content-Type: application/json\r\nContent-Length: 5\r\n");
  HeadLines lines;
  lines.reset();
  ResponseHead head;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string moved = text.substr(0, i);
    CHECK(read_response_head(moved, lines, head) == HeadStatus::need_more);
  }
  CHECK(read_response_head(text, lines, head) == HeadStatus::complete);
  CHECK(head.content_length == 5);
  CHECK_FALSE(head.event_stream);
}

TEST_CASE("what counts as an event stream") {
  for (const char* yes :
       {"text/event-stream", "Text/Event-Stream;charset=utf-8", "text/event-stream ; x"}) {
    CHECK(read(ok("content-type: " + std::string(yes) + "\r\n")).head.event_stream);
  }
  for (const char* no :
       {"text/event-streams", "text/plain", "", "application/json; a=text/event-stream"}) {
    CHECK_FALSE(read(ok("content-type: " + std::string(no) + "\r\n")).head.event_stream);
  }
}
