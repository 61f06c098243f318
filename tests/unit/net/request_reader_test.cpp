#include "gateway/net/request_reader.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/net/mini_server.h"

using namespace steelyard::net;
using namespace steelyard::net::test;

namespace {

struct Wire {
  RequestReader reader;
  std::string bytes;
  std::size_t size = 0;

  explicit Wire(std::string text) : bytes(std::move(text)), size(bytes.size()) {
    bytes.resize(size + body_padding);
    reader.reset();
  }
  RequestEvent advance() { return reader.advance(bytes.data(), size); }
  void more(std::string_view text) {
    bytes.resize(size);
    bytes += text;
    size = bytes.size();
    bytes.resize(size + body_padding);
  }
};

}  // namespace

TEST_CASE("one request from head to the next") {
  Wire wire("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  CHECK_FALSE(wire.reader.close_after() == false);  // nothing is whole yet
  REQUIRE(wire.advance() == RequestEvent::head);
  CHECK(wire.reader.accept(100) == RequestEvent::need_more);
  CHECK(wire.advance() == RequestEvent::need_more);
  CHECK(wire.reader.body() == "hel");
  CHECK(wire.reader.wanted() == wire.size + 2);
  wire.more("loGET");
  REQUIRE(wire.advance() == RequestEvent::request);
  CHECK(wire.reader.body() == "hello");
  CHECK(wire.reader.head().target() == "/1");
  CHECK(wire.reader.consumed() == wire.size - 3);
  CHECK_FALSE(wire.reader.close_after());
  wire.bytes.erase(0, wire.reader.consumed());
  wire.size -= wire.reader.consumed();
  wire.reader.reset();
  CHECK(wire.reader.idle());
  CHECK(wire.advance() == RequestEvent::need_more);
  CHECK_FALSE(wire.reader.idle());
}

TEST_CASE("a body above the limit is refused before room is made for it") {
  Wire wire("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999\r\n\r\n");
  REQUIRE(wire.advance() == RequestEvent::head);
  CHECK(wire.reader.accept(1u << 20) == RequestEvent::refused);
  CHECK(wire.reader.refusal().status == 413);
  CHECK(wire.reader.close_after());
  CHECK(wire.advance() == RequestEvent::refused);
}

TEST_CASE("a chunked body is squeezed in place and never wants much more than its limit") {
  Wire wire("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  REQUIRE(wire.advance() == RequestEvent::head);
  REQUIRE(wire.reader.accept(4000) == RequestEvent::need_more);
  const std::size_t head = wire.size;
  for (int i = 0; i < 4000; ++i) {
    wire.more("1;" + std::string(i < 30 ? 200 : 0, 'e') + (i < 30 ? "" : "e=\"\""));
    wire.more("\r\nx\r\n");
    const RequestEvent event = wire.advance();
    if (event == RequestEvent::refused) {
      CHECK(std::string(wire.reader.refusal().text) == "too many chunk extensions");
      CHECK(i > 100);
      break;
    }
    REQUIRE(event == RequestEvent::need_more);
    CHECK(wire.size == head + static_cast<std::size_t>(i) + 1);
    CHECK(wire.reader.wanted() <= head + 4000 + (16u << 10));
  }
  CHECK(wire.reader.refusal().status == 400);

  Wire over("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n");
  REQUIRE(over.advance() == RequestEvent::head);
  over.reader.accept(10);
  CHECK(over.advance() == RequestEvent::refused);
  CHECK(over.reader.refusal().status == 413);
}

TEST_CASE(
    "Expect: 100-continue is offered only after acceptance, and only when it means something") {
  const auto wants = [](std::string text) {
    Wire wire(std::move(text));
    REQUIRE(wire.advance() == RequestEvent::head);
    CHECK_FALSE(wire.reader.wants_continue());
    wire.reader.accept(100);
    return wire.reader.wants_continue();
  };
  CHECK(wants("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK(wants(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK_FALSE(
      wants("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"));
  CHECK_FALSE(
      wants("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK_FALSE(wants("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"));

  Wire refused("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
  REQUIRE(refused.advance() == RequestEvent::head);
  refused.reader.accept(100);
  CHECK_FALSE(refused.reader.wants_continue());
}

TEST_CASE("an early answer closes the connection only if a body is still to come") {
  Wire get("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n");
  REQUIRE(get.advance() == RequestEvent::head);
  CHECK_FALSE(get.reader.close_after());
  CHECK(get.reader.consumed() == 27);
  Wire post("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(post.advance() == RequestEvent::head);
  CHECK(post.reader.close_after());
  post.reader.accept(64);
  CHECK(post.advance() == RequestEvent::request);
  CHECK_FALSE(post.reader.close_after());
}

TEST_CASE("pipelined requests are answered in order and never mixed") {
  std::string input, expected;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body " + std::to_string(i);
    input += i % 2 == 0
                 ? "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\n\r\n" + body
                 : "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n" +
                       std::to_string(body.size() - 3) + "\r\n" + body.substr(3) +
                       "\r\n0\r\nT: x\r\n\r\n";
    expected += body + ";";
  }
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}, input.size()}) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = step; at < input.size(); at += step) cuts.push_back(at);
    const Conversation talk = serve(input, cuts);
    std::string bodies;
    for (const Answer& answer : talk.answers) bodies += answer.body + ";";
    CHECK(bodies == expected);
  }
}

TEST_CASE("a refusal ends the conversation: what follows is never read as a request") {
  const std::string smuggled = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const char* head :
       {"Transfer-Encoding: xchunked\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"}) {
    const Conversation talk =
        serve("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(head) + "\r\n" + smuggled, {});
    REQUIRE(talk.answers.size() == 1);
    CHECK(talk.answers[0].status >= 400);
    CHECK(talk.closed);
  }
}

TEST_CASE("deadlines: 408 says which part was late, an idle connection is just closed") {
  CHECK(serve("", {}).answers.empty());
  CHECK(serve("GET / HTTP/1.1\r\n", {}).answers[0].refusal ==
        "the request head did not arrive in time");
  CHECK(serve("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx", {}).answers[0].refusal ==
        "the request body did not arrive in time");
}

TEST_CASE("a head that repeats is compared, and means what it says") {
  struct Row {
    const char* length;
    const char* body;
  };
  Wire wire("");
  const auto send = [&wire](const std::string& text) {
    wire.bytes.erase(0, wire.reader.consumed());
    wire.size = 0;
    wire.reader.reset();
    wire.more(text);
    return wire.advance();
  };
  const std::string before = "POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  const std::string after = "\r\nAuthorization: Bearer k\r\n\r\n";
  for (const Row& row : {Row{"5", "first"}, Row{"5", "again"}, Row{"7", "another"},
                         Row{"11", "more digits"}, Row{"10", "ten digits"}, Row{"2", "ok"}}) {
    CAPTURE(row.body);
    REQUIRE(send(before + row.length + after + row.body) == RequestEvent::head);
    CHECK(wire.reader.head().value(RequestField::authorization) == "Bearer k");
    REQUIRE(wire.reader.accept(100) == RequestEvent::need_more);
    REQUIRE(wire.advance() == RequestEvent::request);
    CHECK(wire.reader.body() == row.body);
  }
  // Looks alike, is not: each must be read and judged as if it were the first.
  CHECK(send(before + "0" + after) == RequestEvent::head);
  CHECK_FALSE(wire.reader.head().has_body());
  CHECK(send(before + "3" + after + "abc") == RequestEvent::head);
  CHECK(wire.reader.accept(2) == RequestEvent::refused);  // too large for this limit
  for (const char* length : {"x", "+", " ", "-"}) {
    CAPTURE(length);
    REQUIRE(send(before + "3" + after + "abc") == RequestEvent::head);
    CHECK(send(before + length + after) == RequestEvent::refused);
  }
  REQUIRE(send(before + "3" + after + "abc") == RequestEvent::head);
  CHECK(send(before + "3" + "\r\nAuthorization: Bearer K\r\n\r\n" + "abc") == RequestEvent::head);
  CHECK(wire.reader.head().value(RequestField::authorization) == "Bearer K");
}
