// Reading JSON strings piecewise.
#include "router/tokens/json_text.h"

#include <doctest/doctest.h>

#include "tests/unit/tokens/support.h"

using namespace steelyard::router;
using namespace steelyard::router::testing;

TEST_CASE("what an escape stands for") {
  struct Row {
    std::string_view escaped;
    std::string_view text;
  };
  const Row rows[] = {
      {"", ""},
      {"plain, longer than a word of eight", "plain, longer than a word of eight"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(a\nb)", "a\nb"},
      {R"(1234567\n1234567\n)", "1234567\n1234567\n"},
      {R"(\u0041\u00e9\u20AC)", "Aé€"},
      {R"(\ud83d\ude00!)", "😀!"},
      {R"(\ud83d)", "\uFFFD"},
      {R"(\ud83dx)", "\uFFFDx"},
      {R"(\ude00)", "\uFFFD"},
      {R"(\ud83d\ud83d\ude00)", "\uFFFD😀"},
      {R"(\ud83d\n)", "\uFFFD\n"},
      {R"(\q)", "\\q"},
      {R"(\u12)", "\\u12"},
      {R"(\u12g4)", "\\u12g4"},
      {"abc\\", "abc\\"},
      {"\xFF\xFE", "\xFF\xFE"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.escaped);
    CHECK(unescape_json(row.escaped) == row.text);
  }
  CHECK(unescape_json(R"(x\u0000y)") == std::string_view("x\0y", 3));
}

TEST_CASE("the room given at each read does not matter") {
  Random random(5);
  for (int round = 0; round < 100; ++round) {
    const std::string text = awkward_text(random, 120);
    const std::string escaped = escape_json(text, round % 3);
    std::string found;
    std::vector<char> chunk(64);
    JsonText reader(escaped);
    while (!reader.done()) {
      const std::size_t room = 16 + random.below(40);
      const std::size_t size = reader.read(chunk.data(), room);
      REQUIRE(size <= room);
      REQUIRE(size > 0);
      found.append(chunk.data(), size);
    }
    CHECK(found == text);
    CHECK(reader.read(chunk.data(), chunk.size()) == 0);
  }
}
