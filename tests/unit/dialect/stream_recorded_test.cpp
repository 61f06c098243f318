#include <doctest/doctest.h>
#include <simdjson.h>

#include <map>
#include <string>

#include "gateway/dialect/openai_stream.h"
#include "tests/unit/dialect/support.h"
#include "tests/unit/dialect/tap_run.h"

namespace steelyard::dialect {
namespace {

using namespace openai;
using namespace testing;

// The reference for recorded streams: blocks between blank lines, each parsed by the DOM.
struct Reference {
  std::string kept;
  std::int64_t prompt = 0, completion = 0;
  bool usage = false, done = false;
  std::string last_finish;
};

void look_at(simdjson::dom::element doc, Reference& ref, bool& drop) {
  simdjson::dom::array choices;
  simdjson::dom::object usage;
  const bool has_choices = doc["choices"].get(choices) == simdjson::SUCCESS;
  std::int64_t tokens = 0;
  const bool has_usage = doc["usage"].get(usage) == simdjson::SUCCESS;
  if (has_usage && usage["prompt_tokens"].get(tokens) == simdjson::SUCCESS) {
    ref.usage = true;
    ref.prompt = tokens;
    ref.completion = 0;
    if (usage["completion_tokens"].get(tokens) == simdjson::SUCCESS) ref.completion = tokens;
  }
  drop = has_choices && choices.size() == 0 && has_usage;
  if (!has_choices) return;
  for (const simdjson::dom::element choice : choices) {
    std::string_view finish;
    if (choice["finish_reason"].get(finish) == simdjson::SUCCESS && !finish.empty())
      ref.last_finish = finish;
  }
}

Reference reference(const std::string& stream) {
  static simdjson::dom::parser parser;
  Reference ref;
  for (std::size_t at = 0; at < stream.size();) {
    std::size_t end = stream.find("\n\n", at);
    end = end == std::string::npos ? stream.size() : end + 2;
    const std::string block = stream.substr(at, end - at);
    at = end;
    bool drop = false;
    const std::size_t data = block.starts_with("data:") ? 5 : std::string::npos;
    if (data != std::string::npos) {
      const std::string json = block.substr(data, block.find('\n') - data);
      ref.done |= json.find("[DONE]") != std::string::npos && json.size() < 9;
      simdjson::dom::element doc;
      if (parser.parse(json).get(doc) == simdjson::SUCCESS && doc.is_object())
        look_at(doc, ref, drop);
    }
    if (!drop) ref.kept += block;
  }
  return ref;
}

TEST_CASE("tap: recorded streams: bytes, usage, finish and end as the DOM sees them") {
  int streams = 0, with_usage = 0;
  for (const Recorded& exchange : testing::recorded_chat()) {
    if (!exchange.stream || exchange.response.find('\r') != std::string::npos) continue;
    CAPTURE(exchange.id);
    CAPTURE(exchange.provider);
    ++streams;
    const Reference ref = reference(exchange.response);
    StreamTap tap(kDrop);
    TapOutput out;
    tap.feed(exchange.response, out);
    std::string passed = testing::text_of(out);
    const Result<void> end = tap.finish(out);
    passed += testing::text_of(out);
    CHECK(passed == ref.kept);
    const StreamFacts& facts = tap.facts();
    CHECK(facts.done_seen == ref.done);
    CHECK(end.has_value() == (ref.done && !facts.fault));
    CHECK(name_of(facts.finish) == ref.last_finish);
    if (ref.usage) {
      ++with_usage;
      CHECK(facts.usage.prompt == ref.prompt);
      CHECK(facts.usage.completion == ref.completion);
    }
    CHECK(run({exchange.response}, kPass).passed == exchange.response);
    CHECK(run_bytewise(exchange.response, kDrop).passed == ref.kept);
  }
  if (!testing::recorded_chat().empty()) {
    CHECK(streams > 600);
    CHECK(with_usage > 300);
  }
}

TEST_CASE("tap: recorded streams: every cut gives the same bytes and facts") {
  std::map<std::string, int> per_provider;
  int streams = 0;
  for (const Recorded& exchange : testing::recorded_chat()) {
    if (!exchange.stream || exchange.response.size() > 6'000 ||
        per_provider[exchange.provider] == 3)
      continue;
    ++per_provider[exchange.provider];
    ++streams;
    CAPTURE(exchange.id);
    const std::string_view all = exchange.response;
    for (const TapOptions options : {kDrop, kPass}) {
      const Run whole = run({all}, options);
      int wrong = 0;
      for (std::size_t i = 0; i <= all.size(); ++i)
        wrong += !(run({all.substr(0, i), all.substr(i)}, options) == whole);
      CHECK(wrong == 0);
    }
  }
  if (!testing::recorded_chat().empty()) CHECK(streams >= 20);
}

TEST_CASE("tap: goldens") {
  testing::each_golden("stream_", [](const std::string& folder) {
    const std::string bytes = testing::read_file(folder + "/upstream.sse");
    const Run result = run({bytes}, kDrop);
    testing::check_golden(folder, "client.sse", result.passed);
    testing::check_golden(folder, "facts.json", result.facts);
    CHECK(run_bytewise(bytes, kDrop) == result);
  });
}

}  // namespace
}  // namespace steelyard::dialect
