// Counts of all models at once against frame_chat, which is the definition.
#include "router/input_counts.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>

#include "router/catalog.h"
#include "specs.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

struct Row {
  const char* name;
  const char* tokenizer;
  int ratio;
};
constexpr Row rows[] = {{"gpt-4o", "o200k", 100},
                        {"gpt-5.1", "o200k", 100},
                        {"claude-opus-5-5", "claude-4.7", 143},
                        {"claude-sonnet-4-5", "claude-3", 118},
                        {"gemini-3-pro", "gemma-3", 108},
                        {"grok-5", "grok", 100},
                        {"nobody-knows", "", 100}};

Catalog catalog_of_rows() {
  GatewaySpec spec;
  for (const Row& row : rows) {
    ModelSpec model;
    model.name = row.name;
    model.tokenizer = row.tokenizer;
    model.token_ratio_percent = row.ratio;
    spec.models.push_back(model);
  }
  spec.providers.push_back(provider_spec("all", {"*"}));
  return compile_catalog(spec).catalog;
}

ChatShape shape(std::int64_t text, std::int32_t messages, std::int32_t tools = 0,
                std::int64_t json = 0, bool system = false) {
  ChatShape s;
  s.text_tokens = text;
  s.messages = messages;
  s.names = messages / 3;
  s.tool_calls = tools;
  s.tools = tools;
  s.tool_json_tokens = json;
  s.has_system = system;
  return s;
}

}  // namespace

TEST_CASE("input counts: every model's row gives what frame_chat gives") {
  const Catalog catalog = catalog_of_rows();
  std::vector<InputCount> counts;
  const ChatShape shapes[] = {shape(1, 1),
                              shape(0, 0),
                              shape(977, 2),
                              shape(25'001, 17, 3, 460, true),
                              shape(9, 1, 1, 36),
                              shape(1'000'003, 900),
                              shape(7, 2, 40, 12'345, true)};
  for (const ChatShape& s : shapes) {
    const InputFeatures features = features_of(s);
    catalog.inputs().count(features, counts);
    REQUIRE(counts.size() > catalog.models().size());
    for (std::size_t m = 0; m <= catalog.models().size(); ++m) {
      const bool own = m == catalog.models().size();
      const Framing& framing = own ? catalog.own_framing() : catalog.models()[m].framing;
      INFO("model ", m, ", text ", s.text_tokens);
      const TokenCount wanted = frame_chat(s, framing);
      const TokenCount found{counts[m].tokens, counts[m].upper,
                             quality_of(framing, features, false)};
      CHECK(found.quality == wanted.quality);
      if (wanted.quality == CountQuality::exact) {
        CHECK(found.tokens == wanted.tokens);
        CHECK(found.upper == wanted.upper);
      } else {  // sums in another order
        CHECK(std::llabs(found.tokens - wanted.tokens) <= 1 + wanted.tokens / 1'000'000);
        CHECK(std::llabs(found.upper - wanted.upper) <= 1 + wanted.upper / 1'000'000);
      }
      CHECK(found.upper >= found.tokens);
      const InputCount one = catalog.inputs().count_one(features, m);
      CHECK(std::abs(one.tokens - counts[m].tokens) <= 1);
    }
  }
}

TEST_CASE("input counts: images by each model's formula") {
  const Catalog catalog = catalog_of_rows();
  std::vector<InputCount> counts;
  const ImageShape images[] = {{1024, 1024, ImageDetail::high}, {}};
  ChatShape s = shape(10, 1);
  s.images = images;
  catalog.inputs().count(features_of(s), counts);
  add_media(catalog.models(), catalog.own_framing(), s, counts);
  CHECK(counts[0].tokens == 10 + 7 + 765 + 765);
  CHECK(counts[0].upper >= 10 + 7 + 765 + 1445);
  CHECK(counts[2].tokens > counts[0].tokens);
}

TEST_CASE("input counts: absurd numbers saturate") {
  const Catalog catalog = catalog_of_rows();
  std::vector<InputCount> counts;
  ChatShape s = shape(std::numeric_limits<std::int64_t>::max(), INT32_MAX, INT32_MAX, INT64_MAX);
  catalog.inputs().count(features_of(s), counts);
  for (const InputCount& count : counts) {
    CHECK(count.tokens <= 1 << 30);
    CHECK(count.upper >= count.tokens);
  }
  InputFeatures bad;
  bad.value.fill(std::numeric_limits<float>::quiet_NaN());
  catalog.inputs().count(bad, counts);
  for (const InputCount& count : counts) CHECK(count.tokens >= 0);
}
