#include "gateway/mock/request_reader.h"

#include <doctest/doctest.h>

#include <string>

using namespace steelyard::mock;
using Status = RequestReader::Status;

namespace {

const std::string kHead = "POST /x?y=1 HTTP/1.1\r\nHost: a\r\n";

struct Got {
  Status status = Status::more;
  int error = 0;
  std::string body;
  std::size_t consumed = 0;
};

// Feeds the bytes in steps; the buffer moves each time, as a growing one does.
Got feed(const std::string& bytes, std::size_t step) {
  RequestReader reader;
  Got got;
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size() && got.status == Status::more; at += step) {
    buffer = std::string(buffer) + bytes.substr(at, step);
    got.status = reader.feed(buffer.data(), buffer.size());
  }
  if (got.status == Status::bad) got.error = reader.error_status();
  if (got.status != Status::complete) return got;
  got.body = reader.view(buffer.data()).body;
  got.consumed = reader.consumed();
  return got;
}

}  // namespace

TEST_CASE("request reader: bodies, whole and byte by byte") {
  struct Row {
    std::string why;
    std::string bytes;
    std::string body;
  };
  const Row rows[] = {
      {"no body", kHead + "\r\n", ""},
      {"length", kHead + "Content-Length: 5\r\n\r\nhello", "hello"},
      {"length twice, the same", kHead + "Content-Length: 2\r\ncontent-length: 2\r\n\r\nhi", "hi"},
      {"chunked", kHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
       "hello!"},
      {"chunk extension and trailer",
       kHead + "transfer-encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n", "abc"},
      {"upper-case size", kHead + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
       "0123456789"},
  };
  for (const Row& row : rows) {
    for (std::size_t step : {row.bytes.size(), std::size_t{1}, std::size_t{7}}) {
      CAPTURE(row.why);
      CAPTURE(step);
      const Got got = feed(row.bytes, step);
      CHECK(got.status == Status::complete);
      CHECK(got.body == row.body);
      CHECK(got.consumed == row.bytes.size());
    }
  }
}

TEST_CASE("request reader: what a provider's edge refuses") {
  struct Row {
    std::string why;
    std::string bytes;
    int error;
  };
  const std::string chunked = kHead + "Transfer-Encoding: chunked\r\n";
  const Row rows[] = {
      {"both framings", chunked + "Content-Length: 5\r\n\r\n", 400},
      {"two lengths", kHead + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
      {"signed length", kHead + "Content-Length: +5\r\n\r\n", 400},
      {"list of lengths", kHead + "Content-Length: 5, 5\r\n\r\n", 400},
      {"huge length", kHead + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"too large", kHead + "Content-Length: 999999999999\r\n\r\n", 413},
      {"other coding", kHead + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"chunked twice", chunked + "Transfer-Encoding: chunked\r\n\r\n", 501},
      {"no size", chunked + "\r\n\r\nabc", 400},
      {"bad size", chunked + "\r\n0x5\r\nhello\r\n", 400},
      {"long size", chunked + "\r\n000000005\r\nhello\r\n", 400},
      {"size too small", chunked + "\r\n3\r\nhello\r\n0\r\n\r\n", 400},
      {"bare LF after size", chunked + "\r\n5\nhello\r\n", 400},
      {"bare LF in head", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare CR", kHead + "A: b\rc\r\n\r\n", 400},
      {"NUL", kHead + std::string("A: b\0c\r\n\r\n", 10), 400},
      {"space before colon", kHead + "Content-Length : 5\r\n\r\n", 400},
      {"folded line", kHead + "A: b\r\n c\r\n\r\n", 400},
      {"no colon", kHead + "abc\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
      {"two hosts", kHead + "Host: b\r\n\r\n", 400},
      {"version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400},
      {"two words", "GET /\r\nHost: a\r\n\r\n", 400},
      {"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"empty line first", "\r\n\r\n", 400},
      {"endless head", std::string(70'000, 'a'), 431},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    CHECK(feed(row.bytes, row.bytes.size()).error == row.error);
    CHECK(feed(row.bytes, 1000).error == row.error);
  }
}

TEST_CASE("request reader: pipelined requests, connection and expectation") {
  std::string two = kHead +
                    "Connection: close\r\nExpect: 100-continue\r\n"
                    "Authorization:  Bearer k \r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\n";
  RequestReader reader;
  const std::size_t head = two.find("hi");
  REQUIRE(reader.feed(two.data(), head) == Status::more);
  CHECK(reader.wanted() == head + 2);
  CHECK(reader.take_expectation());
  CHECK_FALSE(reader.take_expectation());
  REQUIRE(reader.feed(two.data(), two.size()) == Status::complete);
  CHECK(reader.consumed() == head + 2);
  const RequestView view = reader.view(two.data());
  CHECK(view.method == "POST");
  CHECK(view.target == "/x?y=1");
  CHECK(view.authorization == "Bearer k");
  CHECK_FALSE(view.keep_alive);
}
