// Calibration against bills that are wrong, and its file.
#include "router/calibration/calibrator.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "router/calibration/calibration_table.h"
#include "router/calibration/text_features.h"

using namespace steelyard::router;

namespace {

InputFeatures request(float text, float messages = 2) {
  ChatShape shape;
  shape.text_tokens = static_cast<std::int64_t>(text);
  shape.messages = static_cast<std::int32_t>(messages);
  return features_of(shape);
}

CalibrationPrior prior(const char* tokenizer, const char* model) {
  return prior_of(framing_of({tokenizer, 100, model}));
}

// Bills of a model that takes `ratio` tokens for each counted, and 20.
void teach(Calibrator& filter, float ratio, int bills, int from = 0) {
  for (int i = from; i < from + bills; ++i) {
    const float text = static_cast<float>(200 + i * 37 % 900);
    filter.observe(request(text), text * ratio + 20);
  }
}

float ratio_of(const Calibrator& filter) {
  return (filter.predict(request(2'000)) - filter.predict(request(1'000))) / 1'000;
}

}  // namespace

TEST_CASE("calibrator: learns a ratio and a hidden prompt within a few bills") {
  Calibrator filter(prior("unknown", "some-model"));
  CHECK(!filter.calibrated());
  teach(filter, 1.31f, 40);
  CHECK(filter.calibrated());
  CHECK(std::fabs(filter.predict(request(5'000)) / (5'000 * 1.31f + 20) - 1) < 0.01f);
}

TEST_CASE("calibrator: outliers teach nothing, a changed model is followed") {
  Calibrator filter(prior("unknown", "some-model"));
  teach(filter, 1.2f, 100);
  const float before = ratio_of(filter);
  for (int i = 0; i < 5; ++i) {  // cut, cached and doubled ones
    CHECK(!filter.observe(request(800), 12).learned);
    CHECK(!filter.observe(request(800), 9'000).learned);
  }
  for (const float nonsense : {0.0f, -5.0f, 1e12f, std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::infinity()})
    CHECK(!filter.observe(request(800), nonsense).learned);
  CHECK(ratio_of(filter) == before);
  teach(filter, 2.0f, 60);
  CHECK(std::fabs(filter.predict(request(3'000)) / (3'000 * 2.0f + 20) - 1) < 0.03f);
  CHECK(filter.factor() >= 1);
}

TEST_CASE("calibrator: an exact count stays exact until frames drift") {
  Calibrator filter(prior("o200k", "gpt-4o"));
  for (int i = 0; i < 200; ++i) {
    const InputFeatures f = request(static_cast<float>(10 + i * 13 % 3'000));
    CHECK(filter.observe(f, filter.predict(f)).error == 0);
  }
  CHECK(filter.predict(request(1'000)) == 1'000 + 3 + 8);
  for (int i = 0; i < 60; ++i) {  // the provider puts 25 tokens before every request
    const auto text = static_cast<float>(10 + i * 13 % 3'000);
    filter.observe(request(text), text + 36);
  }
  CHECK(std::fabs(filter.predict(request(1'000)) - 1'036) < 1.5f);
  CHECK(filter.weights()[Feature::text] == 1);
}

TEST_CASE("calibrator: stays finite whatever it is told") {
  Calibrator filter(prior("", "x"));
  std::uint64_t dice = 1;
  for (int i = 0; i < 20'000; ++i) {
    dice = dice * 6'364'136'223'846'793'005u + 1;
    InputFeatures f;
    for (std::size_t k = 0; k < feature_count; ++k)
      f.value[k] = static_cast<float>(dice >> (k + 20) & 0xFFF) - (i % 3 == 0 ? 2'048.0f : 0.0f);
    filter.observe(f, static_cast<float>(dice >> 40 & 0xFFFF));
    const float found = filter.predict(f);
    REQUIRE(std::isfinite(found));
    REQUIRE(found >= 0);
  }
  CHECK(std::isfinite(filter.factor()));
}

TEST_CASE("calibration table: what was learned comes back, a damaged file does not") {
  const std::uint64_t key = calibration_key("xai", "grok-5", "grok-5-0701");
  CHECK(key != calibration_key("xai", "grok-5", "grok-5-0901"));
  CalibrationTable table;
  const std::size_t slot = table.slot(key, prior("unknown", "some-model"));
  CHECK(table.slot(key, prior("unknown", "some-model")) == slot);
  teach(table.at(slot), 1.3f, 300);
  const std::string bytes = table.encode();

  CalibrationTable again;
  REQUIRE(again.decode(bytes));
  CHECK(again.encode() == bytes);  // what nobody asked for yet is kept
  const Calibrator& back = again.at(again.slot(key, prior("unknown", "some-model")));
  CHECK(back.observations() == 300);
  CHECK(back.predict(request(777)) == table.at(slot).predict(request(777)));
  CHECK(again.encode() == bytes);

  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    CalibrationTable fresh;
    CHECK(!fresh.decode(bad));
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{24}, bytes.size() - 1}) {
    CalibrationTable fresh;
    CHECK(!fresh.decode(std::string_view(bytes).substr(0, size)));
  }
  // A state that another prior could not have come to: not taken.
  CalibrationTable other;
  REQUIRE(other.decode(bytes));
  CHECK(other.at(other.slot(key, prior("o200k", "gpt-4o"))).observations() == 0);
}

TEST_CASE("text features: a table") {
  struct Row {
    std::string_view text;
    TextForm form;
    TextFeatures wanted;
  };
  const TextForm plain = TextForm::plain, json = TextForm::json;
  const Row rows[] = {
      {"", plain, {}},
      {"Hello, World!\n", plain, {2, 1, 2, 2, 0}},
      {R"(Hello, World!\n)", json, {2, 1, 2, 2, 0}},
      {R"(say \"hi\"\\n\t x)", json, {4, 0, 3, 0, 0}},
      {R"(caf\u00e9 na\u00EFve \ud83d\ude00)", json, {3, 0, 0, 0, 3, 1}},
      {R"(\u05cf\u057f\u06ff\u07ff\u0800\u00ff)", json, {1, 0, 0, 0, 6, 1, 3}},
      {"\xD7\x90\xD5\xBF\xDF\xBF\xE0\xA0\x80\xF0\x9F\x98\x80", plain, {1, 0, 0, 0, 5, 2, 2}},
      {"caf\xC3\xA9 na\xC3\xAFve", plain, {2, 0, 0, 0, 2}},
      {"snake_case 12+3", plain, {2, 0, 2, 0, 0}},
      {"a long identifier that crosses blocksAndMore", plain, {6, 0, 0, 2, 0}},
      {R"(fifteen letters\nnext line)", json, {4, 1, 0, 0, 0}},
      {"\\", json, {}},
      {"\\u12", json, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const TextFeatures found = text_features(row.text, row.form);
    CHECK(found.words == row.wanted.words);
    CHECK(found.newlines == row.wanted.newlines);
    CHECK(found.punct == row.wanted.punct);
    CHECK(found.upper == row.wanted.upper);
    CHECK(found.non_ascii == row.wanted.non_ascii);
    CHECK(found.wide == row.wanted.wide);
    CHECK(found.right_to_left == row.wanted.right_to_left);
  }
}

TEST_CASE("text features: sixteen bytes at a time as one at a time") {
  std::uint64_t dice = 7;
  const std::string_view pieces[] = {"word", "Aa", " ",  "\n",   "\xC3\xA9", "\xE6\x97\xA5",
                                     "9",    "_",  "{}", "\x01", "\xD9\x85"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    while (text.size() < static_cast<std::size_t>(round * 23)) {
      dice = dice * 6'364'136'223'846'793'005u + 1;
      text += pieces[(dice >> 33) % std::size(pieces)];
    }
    TextFeatures wanted;
    bool in_word = false;
    for (const char c : text) {
      const auto b = static_cast<unsigned char>(c);
      const bool alpha = (b | 0x20) >= 'a' && (b | 0x20) <= 'z';
      const bool letter = alpha || b >= 0x80;
      wanted.words += letter && !in_word;
      in_word = letter;
      wanted.newlines += b == '\n';
      wanted.upper += b >= 'A' && b <= 'Z';
      wanted.punct += b > ' ' && b < 0x7F && !alpha && !(b >= '0' && b <= '9');
      wanted.non_ascii += b >= 0xC0;
      wanted.wide += b >= 0xE0;
      wanted.right_to_left += b >= 0xD6 && b < 0xE0;
    }
    for (const TextForm form : {TextForm::plain, TextForm::json}) {
      const TextFeatures found = text_features(text, form);
      REQUIRE(found.words == wanted.words);
      REQUIRE(found.newlines == wanted.newlines);
      REQUIRE(found.punct == wanted.punct);
      REQUIRE(found.upper == wanted.upper);
      REQUIRE(found.non_ascii == wanted.non_ascii);
      REQUIRE(found.wide == wanted.wide);
      REQUIRE(found.right_to_left == wanted.right_to_left);
    }
  }
}

TEST_CASE("text features: a long text by parts") {
  std::string text;
  while (text.size() < 200'000) text += "The quick brown fox, said Ann; it jumped.\n";
  const TextFeatures found = text_features(text, TextForm::plain);
  const double lines = static_cast<double>(text.size()) / 42;
  CHECK(std::fabs(static_cast<double>(found.words) / (lines * 8) - 1) < 0.02);
  CHECK(std::fabs(static_cast<double>(found.newlines) / lines - 1) < 0.02);
}
