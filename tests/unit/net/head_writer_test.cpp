#include "gateway/net/head_writer.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>

#include "gateway/net/head_reader.h"
#include "gateway/net/response_head.h"

using namespace steelyard::net;

TEST_CASE("an answer's head") {
  std::array<char, 256> room;
  HeadWriter writer(room);
  CHECK(writer.status_line(429));
  CHECK(writer.append_field("content-type", "application/json"));
  CHECK(writer.append_field("content-length", std::uint64_t{1234}));
  CHECK(writer.append_field("authorization", "Bearer ", "key"));
  CHECK(writer.append_raw("connection: close\r\n"));
  CHECK(writer.end_of_head());
  CHECK(writer.ok());
  CHECK(
      writer.view() ==
      "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: 1234\r\n"
      "authorization: Bearer key\r\nconnection: close\r\n\r\n");
}

TEST_CASE("nothing that could split a head gets in, and nothing is half written") {
  std::array<char, 256> room;
  HeadWriter writer(room);
  for (int c = 0; c < 256; ++c) {
    for (const std::size_t before : {0, 1, 15, 16, 17, 40}) {
      const std::string value = std::string(before, 'v') + static_cast<char>(c) + "end";
      const bool text = (c >= 0x20 && c < 0x7f) || c == '\t';
      CHECK(writer.append_field("x", value) == text);
      CHECK(writer.append_field("x", "Bearer ", value) == text);
      CHECK(writer.append_field(value, "v") ==
            (text && c > ' ' &&
             std::string("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) == std::string::npos));
      CHECK(writer.request_line("GET", "/" + value) == (c > ' ' && c < 0x7f));
      if (!text) CHECK(writer.size() == 0);
      writer.clear();
    }
  }
  CHECK_FALSE(writer.append_field("", "v"));
  CHECK_FALSE(writer.request_line("", "/"));
  CHECK_FALSE(writer.request_line("GET", ""));
  CHECK_FALSE(writer.request_line("G T", "/"));
  CHECK_FALSE(writer.status_line(99));
  CHECK_FALSE(writer.status_line(600));
  CHECK(writer.size() == 0);
}

TEST_CASE("room: exactly enough is enough, one less is refused and stays refused") {
  const std::string_view field = "name: value\r\n";
  std::string memory(field.size(), '#');
  HeadWriter writer(memory);
  CHECK(writer.append_field("name", "value"));
  CHECK(writer.view() == field);
  CHECK_FALSE(writer.append_raw("x"));
  CHECK_FALSE(writer.ok());

  std::string small(field.size() - 1, '#');
  HeadWriter narrow(small);
  CHECK_FALSE(narrow.append_field("name", "value"));
  CHECK(small == std::string(field.size() - 1, '#'));
  CHECK_FALSE(narrow.append_field("n", "v"));  // a head with a hole must not go out
  CHECK_FALSE(narrow.ok());
  HeadWriter none(std::span<char>{});
  CHECK(none.append_raw(""));
  CHECK_FALSE(none.end_of_head());
}

TEST_CASE("numbers") {
  std::array<char, 20> to;
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0, "0"},
      {9, "9"},
      {10, "10"},
      {999, "999"},
      {1'000, "1000"},
      {20'007, "20007"},
      {999'999, "999999"},
      {1'000'000, "1000000"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615"}};
  for (const auto& [value, text] : cases)
    CHECK(std::string_view(to.data(), write_decimal(to.data(), value)) == text);
}

TEST_CASE("every status line is read back by our own reader") {
  for (unsigned status = 100; status < 600; ++status) {
    if (status == 101) continue;
    std::array<char, 128> room;
    HeadWriter writer(room);
    REQUIRE(writer.status_line(status));
    REQUIRE(writer.end_of_head());
    HeadLines lines;
    lines.reset();
    ResponseHead head;
    REQUIRE(read_response_head(writer.view(), lines, head) == HeadStatus::complete);
    CHECK(head.status == status);
    CHECK_FALSE(reason_phrase(status).empty());
  }
}
