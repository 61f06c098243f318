#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "gateway/dialect/json_cursor.h"
#include "gateway/dialect/key_table.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

bool accepts(std::string_view text) {
  JsonCursor cursor(text);
  return cursor.skip_value() && cursor.at_end();
}

enum class Dom { yes, no, number_out_of_range };
Dom dom_accepts(simdjson::dom::parser& parser, std::string_view text) {
  const auto error = parser.parse(text.data(), text.size()).error();
  if (error == simdjson::SUCCESS) return Dom::yes;
  // simdjson refuses integers above 64 bits and doubles above 1.8e308: valid JSON all the same.
  return error == simdjson::NUMBER_ERROR ? Dom::number_out_of_range : Dom::no;
}

struct Rng {  // splitmix64
  std::uint64_t state;
  std::uint64_t operator()() {
    std::uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>((*this)() % n); }
};

TEST_CASE("json: documents accepted and refused") {
  struct Row {
    const char* text;
    bool ok;
  };
  const Row rows[] = {
      {"{}", true},
      {" [ ] ", true},
      {"\"x\"", true},
      {"0", true},
      {"-0.5e+10", true},
      {"null", true},
      {"{\"a\":[1,{\"b\":\"\\u00e9\\ud83d\\ude00\\n\"}]}\n", true},
      {"[1e999]", true},
      {"", false},
      {"  ", false},
      {"{", false},
      {"}", false},
      {"[", false},
      {"[1", false},
      {"[1,", false},
      {"[1,]", false},
      {"[,1]", false},
      {"{\"a\"}", false},
      {"{\"a\":}", false},
      {"{\"a\":1,}", false},
      {"{\"a\":1 \"b\":2}", false},
      {"{a:1}", false},
      {"{'a':1}", false},
      {"{\"a\":1}}", false},
      {"{}{}", false},
      {"{} x", false},
      {"{1:2}", false},
      {"[1}", false},
      {"{\"a\":1]", false},
      {"tru", false},
      {"truex", false},
      {"true\"x\"", false},
      {"\"a\"\"b\"", false},
      {"01", false},
      {"1.", false},
      {".5", false},
      {"+1", false},
      {"1e", false},
      {"--1", false},
      {"0x10", false},
      {"NaN", false},
      {"Infinity", false},
      {"\"\\q\"", false},
      {"\"\\u12\"", false},
      {"\"\\ud800\"", false},
      {"\"\\udc00\"", false},
      {"\"\\ud800\\u0041\"", false},
      {"\"\xff\"", false},
      {"\"\xed\xa0\x80\"", false},
      {"\"\xc0\x80\"", false},
      {"\"a\nb\"", false},
      {"\"a\tb\"", false},
      {"\"open", false},
      {"\"a\\\"", false},
      {"\xef\xbb\xbf{}", false},
      {"// c\n1", false},
      {"[1]\x01", false},
      {"true\x01", false},
      {"{\"a\"\x0c"
       "1}",
       false},
      {"{\"a\"\x1a"
       "1}",
       false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(accepts(row.text) == row.ok);
  }
}

TEST_CASE("json: depth is bounded") {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(accepts(nested(limits::json_depth_max)));
  CHECK_FALSE(accepts(nested(limits::json_depth_max + 1)));
  CHECK_FALSE(accepts(std::string(1'000'000, '[')));
  CHECK(accepts("[1]"));
}

TEST_CASE("json: agrees with simdjson's DOM on broken documents") {
  const std::string seed_document =
      R"({"model":"gpt-x","n":1,"t":[true,false,null,-1.5e3,"a\"b\\",{"k":"\u00e9 \ud83d\ude00"},[],{}], "e" : "" })";
  const std::string_view alphabet = "{}[]:,\"\\u0123dD8tfnabc .-+eE\n\t\x01\x0c\xc3\xa9";
  simdjson::dom::parser parser;
  Rng rng{20261122};
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = seed_document;
    for (std::size_t edits = 1 + rng.below(3); edits > 0; --edits) {
      const std::size_t at = rng.below(text.size());
      switch (rng.below(3)) {
        case 0: text[at] = alphabet[rng.below(alphabet.size())]; break;
        case 1: text.erase(at, 1 + rng.below(4)); break;
        default: text.insert(at, 1, alphabet[rng.below(alphabet.size())]); break;
      }
    }
    const bool ours = accepts(text);
    const Dom theirs = dom_accepts(parser, text);
    accepted += ours ? 1 : 0;
    if (theirs == Dom::number_out_of_range ? false : ours != (theirs == Dom::yes)) {
      FAIL_CHECK("disagree: " << ours << " on " << text);
    }
  }
  CHECK(accepted > 1000);
}

TEST_CASE("json: half a surrogate pair is for those who read what models said") {
  for (const std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\u0041")",
        R"("\ud800\ud83d\ude00")", R"({"\udFFF":["a\uDBFF\n"]})"}) {
    CAPTURE(text);
    for (const LoneSurrogates lone : {LoneSurrogates::refused, LoneSurrogates::taken}) {
      JsonCursor cursor(text, lone);
      CHECK((cursor.skip_value() && cursor.at_end()) == (lone == LoneSurrogates::taken));
    }
  }
  for (const std::string_view text :
       {R"("\ud80")", R"("\ud8")", R"("\ud800\u")", R"("\ud800\x")"}) {
    CAPTURE(text);
    CHECK(!JsonCursor(text, LoneSurrogates::taken).skip_value());
  }
  std::string out;
  append_unescaped(out, R"(a\ud800\u0041\ud83d\ude00\udc00\n)");
  CHECK(out == "a\\ud800A\xf0\x9f\x98\x80\\udc00\n");
}

TEST_CASE("json: unescaping, and into a buffer that may be too small") {
  std::string out;
  append_unescaped(out, R"(a\"b\\c\/d\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00)");
  CHECK(out == "a\"b\\c/d\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  char buffer[4];
  CHECK(unescape_into(buffer, sizeof buffer, R"(a\u00e9)") == 3);
  CHECK(std::string_view(buffer, 3) == "a\xc3\xa9");
  CHECK(unescape_into(buffer, sizeof buffer, "abcd") == 4);
  CHECK(unescape_into(buffer, sizeof buffer, "abcde") == static_cast<std::size_t>(-1));
  CHECK(unescape_into(buffer, sizeof buffer, R"(abc\u00e9)") == static_cast<std::size_t>(-1));
}

TEST_CASE("json: the key table knows its names and no others") {
  constexpr KeyTable table(key_names("model", "messages", "n"));
  CHECK(table.find("model") == 0);
  CHECK(table.find("n") == 2);
  for (const char* other : {"", "m", "Model", "modem", "model ", "message", "nn"})
    CHECK(table.find(other) == -1);
}

TEST_CASE("json: all recorded documents are accepted") {
  for (const auto& exchange : testing::recorded_chat()) {
    CAPTURE(exchange.id);
    if (!exchange.request.empty()) CHECK(accepts(exchange.request));
  }
}

}  // namespace
}  // namespace steelyard::dialect
