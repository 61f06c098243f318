// What is counted while a body arrives is what is counted when it is there.
#include "gateway/early_counts.h"

#include <doctest/doctest.h>

#include "router/calibration/text_features.h"
#include "router/tokens/memo.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

std::string words(std::size_t bytes, unsigned seed) {
  static constexpr const char* some[] = {"the ",       "parser's ", "fails\\n", "  at line ",
                                         "1234 ",      "\\u00e9 a", "don't ",   "\\\"quoted ",
                                         "x\\\\ b",    "中文 ",     "\\t in ",  "A B ",
                                         "\\u202f c ", "== d",      "/* e */ "};
  std::string out;
  while (out.size() < bytes) {
    seed = seed * 1664525 + 1013904223;
    out += some[(seed >> 16) % std::size(some)];
  }
  return out;
}

struct Body {
  std::string json;
  std::vector<std::string> texts;  // that are remembered early
};

Body body() {
  Body made;
  made.texts = {words(300'000, 1), words(5'000, 2), words(2'000, 3), words(90'000, 4),
                std::string(100'000, 'x')};
  const std::string base64(80'000, 'Q');
  made.json = R"({"model":"m","messages":[{"role":"user","content":")" + made.texts[0] +
              R"("},{"role":"user","content":[{"type":"text", "text" : ")" + made.texts[1] +
              R"("},{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + base64 +
              R"("}}]},{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":")" +
              made.texts[2] + R"("}}]},{"role":"tool","content":")" + made.texts[3] +
              R"("},{"role":"user","content":"short"},{"role":"user","content":")" + made.texts[4] +
              R"("}]})";
  return made;
}

}  // namespace

TEST_CASE("early counts: any cuts of the body give what the whole gives") {
  const Body made = body();
  const auto vocabulary = load_o200k();
  const auto plain = make_counter(vocabulary);
  for (const std::size_t step : {1'000u, 7'777u, 65'536u, 200'000u}) {
    CAPTURE(step);
    MemoCounter counter(make_counter(vocabulary), MemoSeed{1}, 1024);
    EarlyCounts early;
    for (std::size_t size = step; size < made.json.size(); size += step)
      early.advance(std::string_view(made.json).substr(0, size), counter, true);
    early.advance(made.json, counter, true);
    std::size_t bytes = 0;
    for (const std::string& text : made.texts) {
      bytes += text.size();
      TextFeatures sums;
      const std::uint64_t before = counter.hits();
      CHECK(counter.look_json(text, sums) == plain->count_json(text));
      CHECK(counter.hits() == before + 1);
      CHECK(sums.words >= text_features(text, TextForm::json).words);
    }
    CHECK(early.counted() == bytes);
    EarlyCounts again;  // the same conversation, arriving in other steps
    for (std::size_t size = 1; size < made.json.size(); size += 31'000)
      again.advance(std::string_view(made.json).substr(0, size), counter, true);
    again.advance(made.json, counter, true);
    CHECK(again.counted() == 0);
  }
}

TEST_CASE("early counts: of a text that has grown only what is new is counted") {
  const auto vocabulary = load_o200k();
  MemoCounter counter(make_counter(vocabulary), MemoSeed{1}, 1024);
  const std::string text = words(400'000, 9);
  std::size_t counted = 0;
  for (const std::size_t size : {300'000u, 400'000u}) {
    const std::string body = R"({"messages":[{"role":"user","content":")" + text.substr(0, size);
    EarlyCounts early;
    early.advance(body, counter, false);
    early.advance(body + R"("}]})", counter, false);
    CHECK(counter.known_json(text.substr(0, size)) ==
          make_counter(vocabulary)->count_json(text.substr(0, size)));
    counted = early.counted();
  }
  CHECK(counted < 150'000);
}

TEST_CASE("early counts: what is no JSON does no harm") {
  MemoCounter counter(make_counter(load_o200k()), MemoSeed{1}, 1024);
  for (const std::string_view body :
       {R"("content":"\)", R"(""""""content":":":":")", R"({"content")", R"("content" "a" "b)",
        "\"", R"("content":"aaa\\\")", "\\\\\\\"\""}) {
    EarlyCounts early;
    for (std::size_t size = 0; size <= body.size(); ++size)
      early.advance(body.substr(0, size), counter, false);
    CHECK(early.counted() == 0);
  }
}
