// Every recorded answer of Gemini's through the hub: figures, order, cuts, and what clients of the
// other dialects get.
#include <doctest/doctest.h>
#include <simdjson.h>

#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/hub_watch.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_events.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;

bool is_array(const Recorded& r) {
  return r.stream && r.response.find_first_not_of(" \r\n") == r.response.find('[');
}

// Read another way: the figures of the last document that has some.
struct Wanted {
  std::int64_t prompt = 0, cached = 0, tool_use = 0, candidates = 0, thoughts = 0, total = 0;
  bool any = false;
  void take(const dom::element& doc) {
    dom::element usage;
    if (doc["usageMetadata"].get(usage) != simdjson::SUCCESS) return;
    Wanted now;
    const auto figure = [&](const char* name, std::int64_t& out) {
      std::int64_t value = 0;
      if (usage[name].get(value) == simdjson::SUCCESS) out = value, now.any = true;
    };
    figure("promptTokenCount", now.prompt);
    figure("cachedContentTokenCount", now.cached);
    figure("toolUsePromptTokenCount", now.tool_use);
    figure("candidatesTokenCount", now.candidates);
    figure("thoughtsTokenCount", now.thoughts);
    figure("totalTokenCount", now.total);
    if (now.any) *this = now;
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
    if (line.starts_with("data:") && parser.parse(line.substr(5)).get(doc) == simdjson::SUCCESS)
      wanted.take(doc);
  }
  return wanted;
}

TEST_CASE("gemini answers: usage of every recorded answer is what it says, in order") {
  int checked = 0, thoughtful = 0, cached = 0, calls = 0;
  for (const Recorded& r : recorded_contents()) {
    if (r.status >= 400 || is_array(r)) continue;
    CAPTURE(r.id);
    Meaning meaning;
    OrderCheck order(&meaning);
    REQUIRE(run_contents(r.response, r.stream, order));
    CHECK(order.fault() == "");
    CHECK(meaning.ended);
    const Wanted wanted = wanted_of(r);
    CHECK(meaning.usage.present == wanted.any);
    if (!wanted.any) continue;
    const TokenUsage usage = normalise(meaning.usage, {});
    CHECK(usage.cache_read == wanted.cached);
    CHECK(usage.input() == wanted.prompt + wanted.tool_use);
    CHECK(usage.output == wanted.candidates + wanted.thoughts);
    CHECK(usage.reasoning == wanted.thoughts);
    CHECK(usage.input() + usage.output >= wanted.total);
    ++checked;
    thoughtful += wanted.thoughts > 0;
    cached += wanted.cached > 0;
    calls += !meaning.calls.empty();
  }
  CHECK((recorded_contents().empty() || (checked > 800 && thoughtful > 300 && cached > 20)));
  CHECK((recorded_contents().empty() || calls > 150));
}

std::string events_of(std::string_view body, std::size_t step) {
  EventLog log;
  gemini::StreamDecoder decoder;
  for (std::size_t at = 0; at < body.size(); at += step) decoder.feed(body.substr(at, step), log);
  log.text += decoder.finish(log).has_value() ? "well" : "badly";
  return log.text;
}

TEST_CASE("gemini answers: any cut of a stream gives the same events") {
  int streams = 0;
  for (const Recorded& r : recorded_contents()) {
    if (!r.stream || is_array(r)) continue;
    const std::string_view body = r.response;
    CAPTURE(r.id);
    const std::string whole = events_of(body, body.size() + 1);
    CHECK(whole.ends_with("well"));
    int wrong = 0;
    for (const std::size_t step : {1, 2, 3, 7, 61, 1'460})
      wrong += events_of(body, step) != whole ? 1 : 0;
    for (std::size_t cut = 1; body.size() < 6'000 && cut < body.size(); ++cut) {
      EventLog log;
      gemini::StreamDecoder decoder;
      decoder.feed(body.substr(0, cut), log);
      decoder.feed(body.substr(cut), log);
      log.text += decoder.finish(log).has_value() ? "well" : "badly";
      wrong += log.text != whole ? 1 : 0;
    }
    CHECK(wrong == 0);
    ++streams;
  }
  CHECK((recorded_contents().empty() || streams > 190));
}

std::string figures(const ReportedUsage& usage) {
  const TokenUsage u = normalise(usage, {});
  return std::to_string(u.uncached) + " " + std::to_string(u.cache_read) + " " +
         std::to_string(u.output);
}

TEST_CASE("gemini answers: clients of the other dialects get what Gemini said") {
  int checked = 0, with_signature = 0;
  for (const Recorded& r : recorded_contents()) {
    if (r.status >= 400 || is_array(r)) continue;
    CAPTURE(r.id);
    Meaning said;
    std::string chat_stream, chat_body, stream, body;
    openai::EncodeOptions options;
    options.include_usage = true;
    openai::ChatStreamEncoder chat_encoder(options, chat_stream);
    openai::CompletionWriter chat_writer(options);
    anthropic::StreamEncoder encoder({}, stream);
    anthropic::MessageWriter writer({});
    for (hub::EventSink* sink : std::initializer_list<hub::EventSink*>{
             &said, &chat_encoder, &chat_writer, &encoder, &writer})
      REQUIRE(run_contents(r.response, r.stream, *sink));
    chat_writer.write(chat_body);
    writer.write(body);
    for (const bool streamed : {true, false}) {
      CAPTURE(streamed);
      Meaning chat, messages;
      OrderCheck chat_order(&chat), order(&messages);
      CHECK(run_chat(streamed ? chat_stream : chat_body, streamed, chat_order));
      CHECK(run_messages(streamed ? stream : body, streamed, order));
      CHECK(chat_order.fault() == "");
      CHECK(order.fault() == "");
      CHECK(chat.text == said.text);
      CHECK(messages.text == said.text + said.refusal);
      CHECK(messages.thinking == said.thinking);
      CHECK(chat.calls == said.calls);
      CHECK(messages.calls.size() == said.calls.size());
      CHECK(messages.signature.starts_with(said.signature.substr(0, 12)));
      if (!said.usage.present) continue;
      CHECK(figures(chat.usage) == figures(said.usage));
      CHECK(figures(messages.usage) == figures(said.usage));
    }
    with_signature += chat_stream.find("thought_signature") != std::string::npos;
    ++checked;
  }
  CHECK((recorded_contents().empty() || (checked > 800 && with_signature > 100)));
}

TEST_CASE("gemini answers: how a stream ends") {
  const auto event = [](std::string_view json) {
    return "data: " + std::string(json) + "\r\n\r\n";
  };
  const std::string text =
      event(R"({"candidates":[{"content":{"parts":[{"text":"hi"}],"role":"model"}}]})");
  struct Row {
    const char* why;
    std::string stream;
    bool well;
    const char *context, *last;  // line of the log
  };
  const Row rows[] = {
      {"a finish reason", text + event(R"({"candidates":[{"finishReason":"STOP"}]})"), true, "",
       "end"},
      {"none", text, false, "the provider's stream ended without a finish reason",
       "delta 0 text hi"},
      {"nothing at all", "", false, "the provider's stream ended without a finish reason", ""},
      {"one of two candidates only",
       event(R"({"candidates":[{"index":0,"finishReason":"STOP"},{"index":1}]})"), false,
       "the provider's stream ended without a finish reason", "start"},
      {"without its blank line", text + R"(data: {"candidates":[{"finishReason":"STOP"}]})", true,
       "", "end"},
      {"a prompt that was refused",
       event(R"({"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"No."}})"), true, "",
       "end"},
      {"an error",
       text + event(R"({"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}})"), false,
       "provider answered 200 overloaded: busy", "fault busy"},
      {"a call that could not be read",
       event(
           R"({"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"bad"}]})"),
       true, "", "end"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    EventLog log;
    OrderCheck order(&log);
    gemini::StreamDecoder decoder;
    decoder.feed(row.stream, order);
    const Result<void> done = decoder.finish(order);
    CHECK(done.has_value() == row.well);
    CHECK((done ? "" : done.error().context) == row.context);
    CHECK(order.fault() == "");
    std::string last = log.text.substr(0, log.text.size() - (log.text.empty() ? 0 : 1));
    last = last.substr(last.rfind('\n') + 1);
    CHECK(last == row.last);
  }
}

TEST_CASE("gemini answers: parts become blocks") {
  struct Row {
    const char *why, *parts, *log;
  };
  const Row rows[] = {
      {"thoughts, text, a signature behind it",
       R"({"text":"Hm","thought":true},{"text":"A"},{"text":"B"},{"text":"","thoughtSignature":"c2ln"})",
       "open 0 thinking\ndelta 0 thinking Hm\nclose 0 thinking\nopen 1 text\ndelta 1 text A\n"
       "delta 1 text B\nclose 1 text\nopen 2 thinking\n"
       "delta 2 thinking signature sy1.gemini.t.c2ln\nclose 2 thinking\nstop 1\n"},
      {"a signed thought", R"({"text":"Hm","thought":true,"thoughtSignature":"c2ln"})",
       "open 0 thinking\ndelta 0 thinking Hm\ndelta 0 thinking signature sy1.gemini.p.c2ln\n"
       "close 0 thinking\nstop 1\n"},
      {"two calls",
       R"({"functionCall":{"id":"a","name":"f","args":{"x":"\n"}}},)"
       R"({"functionCall":{"id":"b","name":"g"}})",
       "open 0 tool_call a f\ndelta 0 tool_call {\\\"x\\\":\\\"\\\\n\\\"}\nclose 0 tool_call\n"
       "open 1 tool_call b g\ndelta 1 tool_call {}\nclose 1 tool_call\nstop 2\n"},
      {"what only Gemini has", R"({"inlineData":{"mimeType":"image/png","data":"AA=="}})",
       "open 0 native\nclose 0 native\nstop 1\n"},
      {"words beside what is not known", R"({"text":"Hi","newThing":{"a":1}})",
       "open 0 text\ndelta 0 text Hi\nclose 0 text\nstop 1\n"},
      {"nothing", R"({"text":""},{"functionCall":{}},{},7)", "stop 1\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    EventLog log;
    const std::string body = std::string(R"({"candidates":[{"content":{"parts":[)") + row.parts +
                             R"(]},"finishReason":"STOP"}]})";
    CHECK(gemini::read_answer(body, log));
    CHECK(log.text == "start\n" + std::string(row.log) + "end\n");
  }
  EventLog first, again;
  const char* call =
      R"({"responseId":"r","candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]})";
  gemini::read_answer(call, first);
  gemini::read_answer(call, again);
  CHECK(first.text.find("call_") != std::string::npos);
  CHECK(first.text == again.text);
  EventLog none;
  CHECK_FALSE(gemini::read_answer("[]", none));
  CHECK_FALSE(gemini::read_answer("<html>", none));
  CHECK(none.text == "");
}

}  // namespace
}  // namespace steelyard::dialect
