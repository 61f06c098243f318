#include "gateway/telemetry/json_put.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <string>

#include "config/types/json_writer.h"

using namespace steelyard;
using namespace steelyard::telemetry;

namespace {

std::string number_text(std::int64_t value) {
  char buffer[number_bytes_max + put_slack];
  return {buffer, put_number(buffer, value)};
}

std::string text_text(std::string_view text, std::size_t bytes_max) {
  std::string buffer(bytes_max + put_slack, '#');
  char* const end = put_text(buffer.data(), text, bytes_max);
  return {buffer.data(), end};
}

}  // namespace

TEST_CASE("put_number: every length, both signs") {
  for (std::uint64_t power = 1; power <= 1'000'000'000'000'000'000; power *= 10) {
    for (const std::int64_t off : {-1, 0, 1, 7}) {
      const auto value = static_cast<std::int64_t>(power) + off;
      CHECK(number_text(value) == std::to_string(value));
      CHECK(number_text(-value) == std::to_string(-value));
    }
    if (power == 1'000'000'000'000'000'000) break;
  }
  for (const std::int64_t value : {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1})
    CHECK(number_text(value) == std::to_string(value));
  for (std::int64_t value = 0; value < 20'000; ++value)
    REQUIRE(number_text(value) == std::to_string(value));
}

TEST_CASE("put_number: any number, as std::to_string writes it") {
  CHECK(rc::check([](std::int64_t value) {
    RC_ASSERT(number_text(value) == std::to_string(value));
    RC_ASSERT(number_text(value >> 24) == std::to_string(value >> 24));
  }));
}

TEST_CASE("put_hex and fixed digits keep leading zeros") {
  char buffer[64];
  CHECK(std::string(buffer, put_hex(buffer, 0x00ab00000000000fULL)) == "00ab00000000000f");
  CHECK(std::string(buffer, put_two(buffer, 7)) == "07");
  CHECK(std::string(buffer, put_three(buffer, 3)) == "003");
  CHECK(std::string(buffer, put_nine(buffer, 1203)) == "000001203");
  CHECK(std::string(buffer, put_nine(buffer, 999'999'999)) == "999999999");
  CHECK(std::string(buffer, put_nine(buffer, 5)) == "000000005");
}

TEST_CASE("put_text: a harmful byte is found at every place of every length") {
  for (std::size_t size = 1; size <= 50; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char bad : {'"', '\\', '\n', '\x00', '\x1f', '\x7f', '\x80', '\xff'}) {
        std::string text(size, 'a');
        text[at] = bad;
        std::string expected;
        append_json_escaped(expected, text);
        REQUIRE(text_text(text, 400) == expected);
      }
    }
    const std::string harmless = std::string(size - 1, '~') + " ";
    REQUIRE(text_text(harmless, 400) == harmless);
  }
}

TEST_CASE("put_text: cut between characters, never inside one") {
  struct Row {
    const char* why;
    std::string_view text;
    std::size_t bytes_max;
    std::string_view expected;
  };
  for (const Row& row :
       {Row{"fits", "abc", 3, "abc"}, Row{"plain cut", "abcd", 3, "abc"},
        Row{"escape whole", "ab\n", 4, "ab\\n"}, Row{"escape does not fit", "ab\n", 3, "ab"},
        Row{"long escape", "\x01\x01", 11, "\\u0001"}, Row{"two bytes", "aé", 2, "a"},
        Row{"two bytes fit", "aé", 3, "aé"}, Row{"four bytes", "\U0001F600x", 4, "\U0001F600"},
        Row{"four bytes cut", "\U0001F600x", 3, ""}, Row{"nothing", "", 0, ""},
        Row{"bad byte", "a\xff", 7, "a\\ufffd"}}) {
    CAPTURE(row.why);
    CHECK(text_text(row.text, row.bytes_max) == row.expected);
  }
}

TEST_CASE("put_text: any bytes stay within the bound and match the plain writer when they fit") {
  CHECK(rc::check([](const std::string& text) {
    std::string expected;
    append_json_escaped(expected, text);
    RC_ASSERT(text_text(text, expected.size() + 1) == expected);
    const std::string cut = text_text(text, text.size() / 2);
    RC_ASSERT(cut.size() <= text.size() / 2);
  }));
}
