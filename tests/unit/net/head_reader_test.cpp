#include "gateway/net/head_reader.h"

#include <doctest/doctest.h>

#include <string>

using namespace steelyard;
using namespace steelyard::net;

namespace {

struct Read {
  HeadStatus status;
  RequestHead head;
};

Read read(std::string_view text) {
  HeadLines lines;
  lines.reset();
  Read result;
  result.status = read_head(text, lines, result.head);
  return result;
}

// 0: accepted; -1: wants more.
int verdict(std::string_view text) {
  const Read result = read(text);
  if (result.status == HeadStatus::need_more) return -1;
  return result.status == HeadStatus::complete ? 0 : result.head.refusal.status;
}

std::string with(std::string_view fields, std::string_view line = "POST /v1/x HTTP/1.1") {
  return std::string(line) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

constexpr std::string_view typical =
    "POST /v1/chat/completions?beta=true HTTP/1.1\r\n"
    "Host: gateway.example.com:8080\r\n"
    "AUTHORIZATION: Bearer sk-steelyard-1\r\n"
    "x-api-key:k\r\n"
    "X-Goog-Api-Key: \t g \t\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.51.0\r\n"
    "Accept: */*\r\n"
    "Accept: text/event-stream\r\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "Idempotency-Key: i-1\r\n"
    "x-stainless-retry-count: 2\r\n"
    "anthropic-version: 2023-06-01\r\n"
    "X-Steelyard-Task: t\r\n"
    "x-steelyard-tier: standard\r\n"
    "x-steelyard-session: s\r\n"
    "x-steelyard-deadline-ms: 5000\r\n"
    "x-steelyard-tags: a=b\r\n"
    "x-steelyard-explain: 1\r\n"
    "X.Odd!Name: kept\r\n"
    "X-Empty:\r\n"
    "Content-Length: 17\r\n"
    "\r\n";

}  // namespace

TEST_CASE("a typical head: every known field is found") {
  const std::string buffer = std::string(typical) + "{\"body\": \"comes\"}";
  const auto [status, head] = read(buffer);
  REQUIRE(status == HeadStatus::complete);
  CHECK(head.method == Method::post);
  CHECK(head.target() == "/v1/chat/completions?beta=true");
  CHECK(head.version_minor == 1);
  CHECK(head.head_bytes == typical.size());
  CHECK(head.content_length == 17);
  CHECK(head.has_body());
  CHECK(head.keep_alive);
  CHECK_FALSE(head.chunked);
  CHECK_FALSE(head.expect_continue);
  CHECK(head.fields.size() == 21);
  using F = RequestField;
  const std::pair<F, std::string_view> expected[] = {
      {F::host, "gateway.example.com:8080"},
      {F::authorization, "Bearer sk-steelyard-1"},
      {F::x_api_key, "k"},
      {F::x_goog_api_key, "g"},
      {F::content_type, "application/json"},
      {F::user_agent, "OpenAI/Python 1.51.0"},
      {F::accept, "*/*"},
      {F::traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
      {F::idempotency_key, "i-1"},
      {F::x_stainless_retry_count, "2"},
      {F::anthropic_version, "2023-06-01"},
      {F::steelyard_task, "t"},
      {F::steelyard_tier, "standard"},
      {F::steelyard_session, "s"},
      {F::steelyard_deadline_ms, "5000"},
      {F::steelyard_tags, "a=b"},
      {F::steelyard_explain, "1"},
      {F::content_length, "17"},
  };
  for (const auto& [known, value] : expected) {
    const F field = known;  // clang 14: a lambda (CHECK_MESSAGE) cannot capture a binding
    CHECK_MESSAGE(head.value(field) == value, "field " << static_cast<int>(field));
    CHECK(head.fields.has(field));
  }
  CHECK_FALSE(head.fields.has(F::anthropic_beta));
  CHECK(head.value(F::content_encoding) == "");
  CHECK(head.fields.find("x.odd!name") == "kept");
  CHECK(head.fields.find("x-empty") == "");
  CHECK(head.fields.find("nowhere") == "");
}

TEST_CASE("a head stays readable after its buffer moved") {
  std::string first(typical);
  Read result = read(first);
  const std::string second = first;
  result.head.rebase(second.data());
  first.assign(first.size(), 'x');
  CHECK(result.head.target() == "/v1/chat/completions?beta=true");
  CHECK(result.head.value(RequestField::steelyard_tier) == "standard");
}

TEST_CASE("heads at the border of what is accepted") {
  struct Case {
    const char* what;
    std::string head;
    int status;
  };
  const std::string long_value(8192 - 3, 'v');
  std::string hundred, hundred_and_one;
  for (int i = 0; i < 99; ++i) hundred += "n: v\r\n";
  hundred_and_one = hundred + "n: v\r\n";
  const Case cases[] = {
      {"one empty line first", "\r\n" + with(""), 0},
      {"two empty lines first", "\r\n\r\n" + with(""), 400},
      {"8 KiB field", with("N: " + long_value + "\r\n"), 0},
      {"8 KiB and one", with("N: v" + long_value + "\r\n"), 431},
      {"8 KiB request line", with("", "GET /" + std::string(8192 - 14, 'p') + " HTTP/1.1"), 0},
      {"one more", with("", "GET /" + std::string(8192 - 13, 'p') + " HTTP/1.1"), 414},
      {"100 fields", with(hundred), 0},
      {"101 fields", with(hundred_and_one), 431},
      {"OPTIONS *", with("", "OPTIONS * HTTP/1.1"), 0},
      {"OPTIONS */x", with("", "OPTIONS */x HTTP/1.1"), 400},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
      {"HTTP/1.0 with a bad Host", "GET / HTTP/1.0\r\nHost: /\r\n\r\n", 400},
      {"TRACE", with("", "TRACE / HTTP/1.1"), 405},
      {"lower-case method", with("", "post / HTTP/1.1"), 501},
      {"HTTP/3.0", with("", "GET / HTTP/3.0"), 505},
      {"HTTP/1", with("", "GET / HTTP/1"), 400},
      {"HTTPS/1.1", with("", "GET / HTTPS/1.1"), 400},
      {"no target", with("", "GET  HTTP/1.1"), 400},
      {"shortest line", "G\r\n\r\n", 400},
      {"blank in the target", with("", "GET /a b HTTP/1.1"), 400},
      {"tab in the target", with("", "GET /a\tb HTTP/1.1"), 400},
      {"blank at the end of a long target",
       with("", "GET /0123456789abcdef0123456789abcdef0123456789 HTTP/1.1 HTTP/1.1"), 400},
      {"bare @ name", with("@: v\r\n"), 400},
      {"name with a slash near the end", with("a/b: v\r\n"), 400},
      {"long name", with(std::string(200, 'n') + ": v\r\n"), 0},
      {"tab in a value", with("n: a\tb\r\n"), 0},
      {"only blanks as value", with("n: \t \r\n"), 0},
      {"length 0 on GET", with("Content-Length: 0\r\n", "GET / HTTP/1.1"), 0},
      {"length 1 on DELETE", with("Content-Length: 1\r\n", "DELETE / HTTP/1.1"), 400},
      {"chunked on HEAD", with("Transfer-Encoding: chunked\r\n", "HEAD / HTTP/1.1"), 400},
      {"16 digits", with("Content-Length: 9999999999999999\r\n"), 0},
      {"17 digits", with("Content-Length: 10000000000000000\r\n"), 413},
      {"unknown coding", with("Transfer-Encoding: br\r\n"), 501},
      {"two Authorization", with("Authorization: a\r\nauthorization: b\r\n"), 400},
      {"two x-api-key", with("X-Api-Key: a\r\nx-api-key: a\r\n"), 400},
      {"two deadlines", with("x-steelyard-deadline-ms: 1\r\nx-steelyard-deadline-ms: 2\r\n"), 400},
      {"two traceparents", with("traceparent: a\r\ntraceparent: b\r\n"), 0},
      {"x_api_key", with("x_api_key: a\r\n"), 400},
      {"X_Steelyard-Tier", with("X_Steelyard-Tier: a\r\n"), 400},
      {"harmless underscore", with("my_header: a\r\n"), 0},
      {"Connection: host", with("Connection: Host\r\n"), 400},
      {"Connection: authorization", with("Connection: close, Authorization\r\n"), 400},
      {"empty list elements", with("Connection: , close,, \r\n"), 0},
      {"Expect on HTTP/1.0",
       with("Expect: 100-continue\r\nContent-Length: 1\r\n", "POST / HTTP/1.0"), 0},
      {"Expect twice", with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 400},
      {"not finished", "GET / HTTP/1.1\r\nHost: a\r\n\r", -1},
      {"nothing", "", -1},
      {"TLS ClientHello", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400},
      {"SOCKS", std::string("\x05\x01\x00", 3), 400},
  };
  for (const Case& c : cases) {
    CHECK_MESSAGE(verdict(c.head) == c.status, c.what << ": " << read(c.head).head.refusal.text);
  }
}

TEST_CASE("Host") {
  for (const char* good : {"a", "A.b-c.example", "127.0.0.1:8080", "[::1]", "[fe80::1]:443",
                           "a_b:1", "a:65535", "a:0"}) {
    CHECK_MESSAGE(verdict("GET / HTTP/1.1\r\nHost: " + std::string(good) + "\r\n\r\n") == 0, good);
  }
  for (const char* bad : {"", ":80", "a:", "a:65536", "a:123456", "a:8o", "a b", "u@a", "a/", "a?",
                          "a#", "[::1", "[]", "[1]", "[::1]x", "a\\b", "a,b", "[g::]", "%61"}) {
    CHECK_MESSAGE(verdict("GET / HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n") == 400, bad);
  }
}

TEST_CASE("every byte in every place is judged by its class") {
  const auto token = [](int c) {
    return c > 0x20 && c < 0x7f &&
           std::string("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) == std::string::npos;
  };
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    for (const std::string& before :
         {std::string(""), std::string("nm"), std::string("a-name-longer-than-sixteen")}) {
      if (c == '\r' || c == '\n') continue;
      const std::string name = before + byte + "x";
      const bool colon = c == ':' && !before.empty();
      CHECK_MESSAGE((verdict(with(name + ": v\r\n")) == 0) == (token(c) || colon),
                    "name byte " << c);
      const bool text = (c >= 0x20 && c < 0x7f) || c == '\t';
      CHECK_MESSAGE((verdict(with("n: v" + before + byte + "v\r\n")) == 0) == text,
                    "value byte " << c);
      const bool target = c > 0x20 && c < 0x7f && c != '#';
      CHECK_MESSAGE((verdict(with("", "GET /" + before + byte + " HTTP/1.1")) == 0) == target,
                    "target byte " << c);
    }
  }
}

TEST_CASE("keep-alive") {
  const auto keeps = [](std::string_view fields, std::string_view line) {
    return read(with(fields, line)).head.keep_alive;
  };
  CHECK(keeps("", "GET / HTTP/1.1"));
  CHECK_FALSE(keeps("", "GET / HTTP/1.0"));
  CHECK(keeps("Connection: Keep-Alive\r\n", "GET / HTTP/1.0"));
  CHECK(keeps("Connection: foo\r\nConnection: keep-alive\r\n", "GET / HTTP/1.0"));
  CHECK_FALSE(keeps("Connection: CLOSE\r\n", "GET / HTTP/1.1"));
  CHECK_FALSE(keeps("Connection: keep-alive, close\r\n", "GET / HTTP/1.1"));
  CHECK_FALSE(keeps("Connection: close\r\nConnection: keep-alive\r\n", "GET / HTTP/1.0"));
}

TEST_CASE("fields named by Connection vanish, the others keep their slots") {
  const std::string text = with(
      "X-Real-IP: 1\r\nAuthorization: b\r\nConnection: x-real-ip, te\r\nTE: "
      "trailers\r\nAccept: c\r\n");
  const auto [status, head] = read(text);
  REQUIRE(status == HeadStatus::complete);
  CHECK(head.fields.find("x-real-ip") == "");
  CHECK(head.fields.find("te") == "");
  CHECK(head.fields.size() == 4);
  CHECK(head.value(RequestField::host) == "a");
  CHECK(head.value(RequestField::authorization) == "b");
  CHECK(head.value(RequestField::accept) == "c");
}

TEST_CASE(
    "20,000 lines, each segment one byte into the next: refused before 64 KiB, in linear time") {
  std::string buffer = "GET / HTTP/1.1\r\nHost: a\r\nX";
  HeadLines lines;
  lines.reset();
  RequestHead head;
  HeadStatus status = read_head(buffer, lines, head);
  for (int i = 0; i < 20'000 && status == HeadStatus::need_more; ++i) {
    buffer += std::to_string(i) + ": 1\r\nX";
    status = read_head(buffer, lines, head);
  }
  CHECK(status == HeadStatus::refused);
  CHECK(head.refusal.status == 431);
  CHECK(buffer.size() < 65536);
}

TEST_CASE("a head that never ends is refused at 16 KiB") {
  std::string buffer = "GET / HTTP/1.1\r\n";
  const std::string line = "n: " + std::string(4000, 'v') + "\r\n";
  for (int i = 0; i < 10; ++i) buffer += line;
  CHECK(verdict(buffer) == 431);
  CHECK(verdict(buffer.substr(0, limits::head_bytes_max)) == 431);
  CHECK(verdict(buffer.substr(0, limits::head_bytes_max - 1)) == -1);
}
