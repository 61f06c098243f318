// Requests that would take long to count: the bound holds, and the count is not said to be exact.
#include <doctest/doctest.h>

#include "gateway/chat_shape.h"
#include "gateway/dialect/openai_request.h"
#include "router/tokens/sliced_count.h"
#include "router/tokens/vocabulary.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

// Words that no vocabulary holds.
std::string strange(std::size_t bytes) {
  std::string text;
  std::uint64_t dice = 1;
  while (text.size() < bytes) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    text += (dice >> 60) == 0 ? ' ' : static_cast<char>('a' + (dice >> 33) % 26);
  }
  return text;
}

std::string ordinary(std::size_t bytes) {
  std::string text;
  for (unsigned i = 0; text.size() < bytes; ++i)
    text += "line " + std::to_string(i % 997) + ": the parser's tests pass again\\n";
  return text;
}

struct Parsed {
  explicit Parsed(const std::vector<std::string>& texts) {
    body = R"({"model":"m","messages":[)";
    for (const std::string& text : texts)
      body += (body.back() == '[' ? "" : ",") + (R"({"role":"user","content":")" + text + "\"}");
    body += "]}";
    REQUIRE(parser.parse(body, chat).has_value());
  }
  std::string body;
  dialect::openai::RequestParser parser;
  dialect::ChatRequest chat;
};

}  // namespace

TEST_CASE("a request that is slow to count is estimated, and its bound holds") {
  const std::vector<std::string> texts = {strange(1'500'000), ordinary(50'000), strange(90'000),
                                          strange(400'000), std::string(900'000, 'x')};
  const Parsed parsed(texts);
  const auto vocabulary = load_o200k();
  const auto plain = make_counter(vocabulary);
  std::int64_t truth = 0;
  for (const std::string& text : texts) truth += plain->count_json(text);
  for (const bool look : {false, true}) {
    MemoCounter counter(make_counter(load_o200k()), MemoSeed{1}, 1024);
    ShapeScratch scratch(3);
    ShapeOptions options;
    options.look = look;
    CHECK(shape_of(counter, parsed.chat, scratch, options).text_tokens == truth);  // has the time
    MemoCounter cold(make_counter(load_o200k()), MemoSeed{2}, 1024);
    options.in_time = true;
    vocabulary->met_pieces(0).clear();
    const ChatShape shape = shape_of(cold, parsed.chat, scratch, options);
    CHECK(shape.sampled);
    CHECK(shape.text_tokens >= truth);
    CHECK(shape.text_tokens < truth * 3 / 2);
    CHECK((shape.words > 0) == look);
    // What is remembered costs nothing, and is exact.
    const ChatShape again = shape_of(counter, parsed.chat, scratch, options);
    CHECK(!again.sampled);
    CHECK(again.text_tokens == truth);
  }
}

TEST_CASE("what no model takes is counted no further, and its bound holds") {
  const std::vector<std::string> texts(4, ordinary(700'000));
  const Parsed parsed({texts[0], texts[1] + "1", texts[2] + "2", texts[3] + "3"});
  const auto exact = make_counter(load_o200k());
  const std::int64_t each = exact->count_json(texts[0]);
  ShapeScratch scratch(3);
  ShapeOptions options;
  options.in_time = true;
  options.enough_tokens = each + each / 2;
  MemoCounter counter(make_counter(load_o200k()), MemoSeed{1}, 1024);
  const ChatShape shape = shape_of(counter, parsed.chat, scratch, options);
  CHECK(shape.sampled);
  CHECK(shape.text_tokens >= 4 * each);
  CHECK(shape.text_tokens < 5 * each);
  CHECK(counter.known_json(texts[1] + "1") >= 0);
  CHECK(counter.known_json(texts[2] + "2") < 0);  // not counted: too long to be worth it
  options.enough_tokens = 5 * each;
  MemoCounter other(make_counter(load_o200k()), MemoSeed{1}, 1024);
  CHECK(!shape_of(other, parsed.chat, scratch, options).sampled);
}

TEST_CASE("large ordinary requests, and small strange ones, are counted exactly in time") {
  const std::vector<std::string> large{ordinary(1'500'000), ordinary(900'000)};
  const std::vector<std::string> small{strange(SlicedCount::at_once - 1'000)};
  for (const auto& texts : {large, small}) {
    const Parsed parsed(texts);
    MemoCounter counter(make_counter(load_o200k()), MemoSeed{1}, 1024);
    ShapeScratch scratch(3);
    ShapeOptions options;
    options.in_time = true;
    const ChatShape shape = shape_of(counter, parsed.chat, scratch, options);
    CHECK(!shape.sampled);
    std::int64_t truth = 0;
    for (const std::string& text : texts) truth += make_counter(load_o200k())->count_json(text);
    CHECK(shape.text_tokens == truth);
  }
}
