// A named model with a vocabulary of its own is counted with it; all others keep their estimate.
#include "gateway/exact_counts.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>

#include "gateway/dialect/openai_request.h"
#include "gateway/own_vocabulary.h"
#include "gateway/runtime.h"
#include "router/tokens/vocabulary_data.h"

using namespace steelyard;
using namespace steelyard::router;

namespace {

Runtime runtime_of(std::initializer_list<std::pair<const char*, const char*>> models) {
  Runtime runtime;
  for (const auto& [name, tokenizer] : models) {
    ModelSpec model;
    model.name = name;
    model.tokenizer = tokenizer;
    model.context_tokens = 100'000;
    runtime.spec.models.push_back(model);
    const Result<OwnVocabulary> own = vocabulary_of(tokenizer);
    REQUIRE(own.has_value());
    runtime.vocabularies.push_back(own->exact && own->vocabulary != load_o200k() ? own->vocabulary
                                                                                 : nullptr);
  }
  ProviderSpec provider;
  provider.name = "all";
  runtime.spec.providers.push_back(provider);
  runtime.catalog = compile_catalog(runtime.spec).catalog;
  return runtime;
}

std::shared_ptr<CountMemo> memo_of(unsigned char seed) {
  return std::make_shared<CountMemo>(MemoSeed{seed}, 1024);
}

constexpr std::string_view text = "Straßenbahnhaltestelle 中文的 don't 12345\\n\\n  getURL";

// One message without text.
InputCount frames_of(const Runtime& runtime, std::size_t model) {
  InputFeatures features;
  features[Feature::request] = 1;
  features[Feature::messages] = 1;
  return runtime.catalog.inputs().count_one(features, model);
}

std::vector<InputCount> counts_of(const Runtime& runtime, ExactCounts& exact,
                                  const std::string& model) {
  const std::string body = R"({"model":")" + model + R"(","messages":[{"role":"user","content":")" +
                           std::string(text) + R"("}]})";
  dialect::openai::RequestParser parser;
  dialect::ChatRequest chat;
  REQUIRE(parser.parse(body, chat).has_value());
  InputFeatures features;
  features[Feature::request] = 1;
  features[Feature::messages] = 1;
  features[Feature::text] = static_cast<float>(make_counter(load_o200k())->count_json(text));
  std::vector<InputCount> counts;
  runtime.catalog.inputs().count(features, counts);
  const int counter = exact.counter_for(runtime.catalog.find_model(model));
  if (counter != ExactCounts::none)
    exact.apply(counter, chat, runtime.catalog.inputs(), features, counts);
  return counts;
}

}  // namespace

TEST_CASE("the named model's own vocabulary decides, with its own frames on top") {
  const Runtime runtime = runtime_of({{"gpt-4o", "o200k"},
                                      {"deepseek-chat", "deepseek-v3"},
                                      {"qwen-max", "qwen3"},
                                      {"deepseek-reasoner", "deepseek-v3"}});
  ExactCounts exact;
  exact.prepare(runtime, memo_of(1), 1);
  const auto plain = counts_of(runtime, exact, "gpt-4o");
  const auto named = counts_of(runtime, exact, "deepseek-chat");
  const std::int64_t own = make_counter(shipped_vocabulary("deepseek-v3"))->count_json(text);
  const InputCount frames = frames_of(runtime, 1);
  CHECK(named[1].tokens == own + frames.tokens);
  CHECK(named[1].upper == own + frames.upper);
  CHECK(frames.tokens > 0);
  CHECK(named[3].tokens == named[1].tokens);
  CHECK(named[0].tokens == plain[0].tokens);
  CHECK(named[2].tokens == plain[2].tokens);
  CHECK(counts_of(runtime, exact, "deepseek-chat")[1].tokens == named[1].tokens);  // from the memo
  CHECK(counts_of(runtime, exact, "nobody")[1].tokens == plain[1].tokens);
}

TEST_CASE("another configuration keeps counters that still serve and drops the others") {
  ExactCounts exact;
  exact.prepare(runtime_of({{"a", "deepseek-v3"}, {"b", "tekken"}}), memo_of(1), 1);
  const Runtime second = runtime_of({{"x", "o200k"}, {"b", "tekken"}, {"c", "cl100k"}});
  exact.prepare(second, memo_of(1), 1);
  const auto counts = counts_of(second, exact, "c");
  const std::int64_t own = make_counter(shipped_vocabulary("cl100k"))->count_json(text);
  CHECK(counts[2].tokens == own + frames_of(second, 2).tokens);
}

TEST_CASE("a vocabulary file is read, a missing or damaged one refused") {
  const std::string path = "exact_counts_test.stok";
  const auto packed = shipped_vocabularies()[1].packed;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(packed.data()), static_cast<long>(packed.size()));
  const auto own = vocabulary_of("file:" + path);
  REQUIRE(own.has_value());
  CHECK(own->exact);
  CHECK(make_counter(own->vocabulary)->encoding() == "cl100k_base");
  std::ofstream(path, std::ios::binary) << "STOK and nothing more";
  CHECK(!vocabulary_of("file:" + path).has_value());
  std::remove(path.c_str());
  CHECK(!vocabulary_of("file:" + path).has_value());
  CHECK(!vocabulary_of("claude-4.7")->exact);
}

TEST_CASE("of a very large request the rest is sampled: a bound, and not exact") {
  const Runtime runtime = runtime_of({{"gpt-4o", "o200k"}, {"deepseek-chat", "deepseek-v3"}});
  ExactCounts exact;
  exact.prepare(runtime, memo_of(1), 7);
  std::string long_text;
  while (long_text.size() < (5u << 20)) long_text.append(text).append(" and some more of it. ");
  const std::string body =
      R"({"model":"deepseek-chat","messages":[{"role":"user","content":")" + long_text + R"("}]})";
  dialect::openai::RequestParser parser;
  dialect::ChatRequest chat;
  REQUIRE(parser.parse(body, chat).has_value());
  InputFeatures features;
  features[Feature::request] = features[Feature::messages] = 1;
  features[Feature::text] = static_cast<float>(long_text.size()) / 4;
  std::vector<InputCount> counts;
  runtime.catalog.inputs().count(features, counts);
  CHECK(!exact.apply(exact.counter_for(1), chat, runtime.catalog.inputs(), features, counts));
  const std::int64_t truth =
      make_counter(shipped_vocabulary("deepseek-v3"))->count_json(long_text) +
      frames_of(runtime, 1).tokens;
  CHECK(counts[1].upper >= truth);
  CHECK(counts[1].tokens > truth * 95 / 100);
  CHECK(counts[1].tokens < truth * 105 / 100);
}
