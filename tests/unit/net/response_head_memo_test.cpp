// What the memo recognises means what a full reading says, whatever was changed.
#include "gateway/net/response_head_memo.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace steelyard::net;

namespace {

const std::string whole =
    "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 10:00:00 GMT\r\ncontent-type: application/json\r\n"
    "content-length: 1139\r\nx-request-id: req_0123456789abcdef\r\nserver: cloudflare\r\n"
    "x-ratelimit-remaining-tokens: 29999\r\nconnection: keep-alive\r\n\r\n";
const std::string stream =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    "x-request-id: abc\r\n\r\n";

HeadStatus read(const std::string& text, ResponseHead& head) {
  HeadLines lines;
  lines.reset();
  return read_response_head(text, lines, head);
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_same(const ResponseHead& a, const ResponseHead& b) {
  CHECK(a.status == b.status);
  CHECK(a.framing == b.framing);
  CHECK(a.keep_alive == b.keep_alive);
  CHECK(a.event_stream == b.event_stream);
  CHECK(a.head_bytes == b.head_bytes);
  CHECK(a.content_length == b.content_length);
  REQUIRE(a.fields.size() == b.fields.size());
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    CHECK(a.fields[i].name == b.fields[i].name);
    CHECK(a.fields[i].value == b.fields[i].value);
  }
  for (int f = 0; f < static_cast<int>(ResponseField::count_); ++f)
    CHECK(a.value(static_cast<ResponseField>(f)) == b.value(static_cast<ResponseField>(f)));
}

}  // namespace

TEST_CASE("response head memo: what is recognised, and what is not") {
  struct Row {
    std::string head;
    bool recognised;
  };
  const Row rows[] = {
      {whole, true},
      {with(whole, "10:00:00", "10:00:01"), true},
      {with(whole, "req_0123456789abcdef", "req_fedcba9876543210"), true},
      {with(whole, "29999", "29871"), true},
      {with(whole, "1139", "2048"), true},
      {with(whole, "1139", "0000"), false},   // not canonical
      {with(whole, "1139", "11x9"), false},   // refused by the full reading
      {with(whole, "1139", "11399"), false},  // everything behind it moved
      {with(whole, "cloudflare", "cloudfl\tre"), false},
      {with(whole, "cloudflare", "cloud\r\nare"), false},
      {with(whole, "keep-alive", "keep-alivf"), false},
      {with(whole, "application/json", "application/jsom"), false},
      {with(whole, "200 OK", "201 OK"), false},
      {with(whole, "server: ", "server:\t"), false},
      {whole.substr(0, whole.size() - 1), false},
      {"", false},
  };
  ResponseHead first;
  REQUIRE(read(whole, first) == HeadStatus::complete);
  for (const Row& row : rows) {
    CAPTURE(row.head);
    ResponseHeadMemo memo;
    ResponseHead found;
    CHECK_FALSE(memo.match(whole, found));  // knows nothing yet
    memo.remember(whole, first);
    const bool recognised = memo.match(row.head, found);
    CHECK(recognised == row.recognised);
    if (!recognised) continue;
    ResponseHead read_again;
    REQUIRE(read(row.head, read_again) == HeadStatus::complete);
    check_same(found, read_again);
  }
}

TEST_CASE("response head memo: mutated heads that are recognised read the same in full") {
  std::mt19937 random(11);
  int recognised = 0;
  for (const std::string& base : {whole, stream}) {
    ResponseHead first;
    REQUIRE(read(base, first) == HeadStatus::complete);
    ResponseHeadMemo memo;
    memo.remember(base, first);
    for (int round = 0; round < 20'000; ++round) {
      std::string head = base;
      for (unsigned changes = 1 + random() % 3; changes > 0; --changes)
        head[random() % head.size()] = static_cast<char>(random() % (round % 2 == 0 ? 256 : 128));
      head += "{\"body\":";
      ResponseHead found, full;
      if (!memo.match(head, found)) continue;
      ++recognised;
      REQUIRE(read(head, full) == HeadStatus::complete);
      check_same(found, full);
    }
  }
  CHECK(recognised > 1'000);
}
