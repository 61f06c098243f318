// Every recorded answer of both dialects through the hub: figures, order, cuts, and what a client
// of the other dialect gets.
#include <doctest/doctest.h>
#include <simdjson.h>

#include <map>

#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/hub_watch.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_events.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;

std::int64_t number(const dom::element& usage, const char* name) {
  std::int64_t value = 0;
  return usage[name].get(value) == simdjson::SUCCESS ? value : 0;
}

// Read another way: the last figure given for each name, over all documents of the answer.
struct Wanted {
  std::int64_t input = 0, creation = 0, read = 0, output = 0, hour = 0;
  bool any = false, iterations = false;
  void take(const dom::element& doc) {
    dom::element usage;
    if (doc["usage"].get(usage) != simdjson::SUCCESS || !usage.is_object()) return;
    const auto last = [&](const char* name, std::int64_t& out) {
      std::int64_t value = 0;
      if (usage[name].get(value) == simdjson::SUCCESS) out = value, any = true;
    };
    last("input_tokens", input);
    last("cache_creation_input_tokens", creation);
    last("cache_read_input_tokens", read);
    last("output_tokens", output);
    dom::element parts;
    if (usage["cache_creation"].get(parts) == simdjson::SUCCESS && parts.is_object())
      hour = number(parts, "ephemeral_1h_input_tokens");
    dom::array rounds;
    if (usage["iterations"].get(rounds) == simdjson::SUCCESS) iterations = rounds.size() > 1;
  }
};

Wanted wanted_of(const Recorded& r) {
  Wanted wanted;
  dom::parser parser;
  dom::element doc;
  if (!r.stream) {
    if (parser.parse(r.response).get(doc) == simdjson::SUCCESS) wanted.take(doc);
    return wanted;
  }
  for (std::size_t at = 0; at < r.response.size();) {
    const std::size_t end = std::min(r.response.find('\n', at), r.response.size());
    const std::string line = r.response.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("data:") || parser.parse(line.substr(5)).get(doc) != simdjson::SUCCESS)
      continue;
    dom::element message;
    if (doc["message"].get(message) == simdjson::SUCCESS) wanted.take(message);
    wanted.take(doc);
  }
  return wanted;
}

TEST_CASE("hub answers: usage of every recorded Messages answer is what it says") {
  int checked = 0, with_cache = 0;
  for (const Recorded& r : recorded_messages()) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning meaning;
    OrderCheck order(&meaning);
    REQUIRE(run_messages(r.response, r.stream, order));
    CHECK(order.fault() == "");
    const Wanted wanted = wanted_of(r);
    CHECK(meaning.usage.present == wanted.any);
    if (!wanted.any) continue;
    const TokenUsage usage = normalise(meaning.usage, {});
    CHECK(usage.note == UsageNote::plain);
    CHECK(usage.cache_write_1h == wanted.hour);
    if (!wanted.iterations) {
      CHECK(usage.uncached == wanted.input);
      CHECK(usage.cache_read == wanted.read);
      CHECK(usage.cache_write == wanted.creation);
      CHECK(usage.output == wanted.output);
    } else {  // compaction and advice are billed too
      CHECK(usage.uncached >= wanted.input);
      CHECK(usage.output >= wanted.output);
    }
    ++checked;
    with_cache += wanted.read + wanted.creation > 0 ? 1 : 0;
  }
  CHECK((recorded_messages().empty() || (checked > 850 && with_cache > 50)));
}

TEST_CASE("hub answers: every recorded chat answer keeps the order and its figures") {
  int checked = 0, calls = 0;
  std::map<std::string, int> faults;
  for (const Recorded& r : recorded_chat()) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning meaning;
    OrderCheck order(&meaning);
    const bool ended = run_chat(r.response, r.stream, order);
    if (!order.fault().empty()) ++faults[order.fault()];
    CHECK(order.fault() == "");
    if (!ended || meaning.fault) continue;
    if (r.stream) {
      openai::StreamTap tap({false, true});
      openai::TapOutput out;
      tap.feed(r.response, out);
      out.clear();
      (void)tap.finish(out);
      const ReportedUsage& usage = tap.facts().usage;
      CHECK(meaning.usage.present == usage.present);
      CHECK(meaning.usage.prompt == usage.prompt);
      CHECK(meaning.usage.completion == usage.completion);
      CHECK(meaning.usage.cached == usage.cached);
      // With n above 1 the tap counts the calls of all choices.
      if (tap.facts().finishes.has(FinishReason::tool_calls) && meaning.calls.empty())
        MESSAGE("no calls: " << r.id);
    } else {
      openai::ResponseParser parser;
      openai::ChatAnswer answer;
      parser.parse(r.response, answer);
      CHECK(meaning.usage.present == answer.usage.present);
      CHECK(meaning.usage.prompt == answer.usage.prompt);
      CHECK(meaning.usage.completion == answer.usage.completion);
      if (answer.one_choice) CHECK(meaning.calls.size() == answer.tool_calls);
    }
    calls += static_cast<int>(meaning.calls.size());
    ++checked;
  }
  CHECK((recorded_chat().empty() || (checked > 2'100 && calls > 500)));
}

template <class Decoder, class Finish>
std::string events_of(std::string_view body, std::size_t step, Finish finish) {
  EventLog log;
  Decoder decoder;
  for (std::size_t at = 0; at < body.size(); at += step) decoder.feed(body.substr(at, step), log);
  log.text += finish(decoder, log) ? "well" : "badly";
  return log.text;
}

template <class Decoder, class Finish>
void check_cuts(const std::vector<Recorded>& all, Finish finish) {
  int streams = 0;
  for (const Recorded& r : all) {
    if (!r.stream) continue;
    const std::string_view body = r.response;
    CAPTURE(r.id);
    const std::string whole = events_of<Decoder>(body, body.size() + 1, finish);
    int wrong = 0;
    for (const std::size_t step : {1, 2, 3, 7, 61, 1'460})
      wrong += events_of<Decoder>(body, step, finish) != whole ? 1 : 0;
    // One cut at every byte of the shorter ones.
    for (std::size_t cut = 1; body.size() < 2'500 && cut < body.size(); ++cut) {
      EventLog log;
      Decoder decoder;
      decoder.feed(body.substr(0, cut), log);
      decoder.feed(body.substr(cut), log);
      log.text += finish(decoder, log) ? "well" : "badly";
      wrong += log.text != whole ? 1 : 0;
    }
    CHECK(wrong == 0);
    ++streams;
  }
  CHECK((all.empty() || streams > 300));
}

TEST_CASE("hub answers: any cut of a Messages stream gives the same events") {
  check_cuts<anthropic::StreamDecoder>(recorded_messages(), [](auto& decoder, EventLog& log) {
    return decoder.finish(log).has_value();
  });
}

TEST_CASE("hub answers: any cut of a chat stream gives the same events") {
  check_cuts<openai::ChatStreamDecoder>(recorded_chat(), [](auto& decoder, EventLog& log) {
    return decoder.finish(log).has_value();
  });
}

std::string figures(const ReportedUsage& usage) {
  const TokenUsage u = normalise(usage, {});
  return std::to_string(u.uncached) + " " + std::to_string(u.cache_read) + " " +
         std::to_string(u.cache_write) + " " + std::to_string(u.output);
}

TEST_CASE("hub answers: a chat client gets what Anthropic said, and can give it back") {
  int checked = 0;
  for (const Recorded& r : recorded_messages()) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning said;
    std::string stream;
    openai::EncodeOptions options;
    options.include_usage = true;
    openai::ChatStreamEncoder encoder(options, stream);
    openai::CompletionWriter writer(options);
    for (hub::EventSink* sink :
         {static_cast<hub::EventSink*>(&said), static_cast<hub::EventSink*>(&encoder),
          static_cast<hub::EventSink*>(&writer)})
      REQUIRE(run_messages(r.response, r.stream, *sink));
    std::string body;
    writer.write(body);
    for (const bool streamed : {true, false}) {
      CAPTURE(streamed);
      Meaning got;
      OrderCheck order(&got);
      CHECK(run_chat(streamed ? stream : body, streamed, order));
      CHECK(order.fault() == "");
      // Chat has one text and one train of thought: several become one.
      CHECK(got.text == said.text);
      CHECK(got.signature == said.signature);
      CHECK(got.redacted == said.redacted);
      CHECK(got.calls == said.calls);
      if (said.usage.present) CHECK(figures(got.usage) == figures(said.usage));
      if (streamed) CHECK(got.thinking == said.thinking);
      CHECK(std::string(openai::name_of(got.stop)) == openai::name_of(said.stop));
    }
    ++checked;
  }
  CHECK((recorded_messages().empty() || checked > 850));
}

TEST_CASE("hub answers: an Anthropic client gets what a chat endpoint said") {
  int checked = 0;
  for (const Recorded& r : recorded_chat()) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning said;
    if (!run_chat(r.response, r.stream, said) || said.fault || !said.ended) continue;
    std::string stream, body;
    anthropic::StreamEncoder encoder({}, stream);
    anthropic::MessageWriter writer({});
    run_chat(r.response, r.stream, encoder);
    run_chat(r.response, r.stream, writer);
    REQUIRE(writer.complete());
    writer.write(body);
    // Anthropic has no refusal text of its own.
    for (const bool streamed : {true, false}) {
      CAPTURE(streamed);
      Meaning got;
      OrderCheck order(&got);
      CHECK(run_messages(streamed ? stream : body, streamed, order));
      CHECK(order.fault() == "");
      CHECK(got.text == said.text + said.refusal);
      CHECK(got.thinking == said.thinking);
      if (streamed && !said.custom) CHECK(got.calls == said.calls);
      // Free text is the one member of an object there.
      if (streamed && said.custom)
        CHECK(got.calls.front().find(R"({\"input\":\")") != std::string::npos);
      CHECK(got.calls.size() == said.calls.size());
      CHECK(std::string(anthropic::name_of(got.stop)) == anthropic::name_of(said.stop));
      if (said.usage.present) CHECK(figures(got.usage) == figures(said.usage));
    }
    ++checked;
  }
  CHECK((recorded_chat().empty() || checked > 2'000));
}

TEST_CASE("hub answers: the watch finds what the tap finds") {
  for (const Recorded& r : recorded_chat()) {
    if (!r.stream || r.status >= 400) continue;
    CAPTURE(r.id);
    openai::StreamTap tap({false, true});
    openai::TapOutput out;
    tap.feed(r.response, out);
    hub::AnswerWatch watch;
    if (!run_chat(r.response, true, watch)) continue;
    const openai::StreamFacts &facts = watch.facts(), &wanted = tap.facts();
    CHECK(facts.usage.prompt == wanted.usage.prompt);
    CHECK(facts.usage.completion == wanted.usage.completion);
    CHECK(facts.content_seen == wanted.content_seen);
    CHECK((facts.fault.cls == wanted.fault.cls));
  }
}

}  // namespace
}  // namespace steelyard::dialect
