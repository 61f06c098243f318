// What Gemini's clients get of the others' answers, in all three framings, and what they can give
// back of it.
#include "gateway/dialect/gemini_encode.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include "gateway/dialect/gemini_errors.h"
#include "gateway/dialect/gemini_events.h"
#include "gateway/dialect/gemini_relay.h"
#include "gateway/dialect/gemini_request.h"
#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_errors.h"
#include "gateway/dialect/hub_text.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
namespace dom = simdjson::dom;

using Run = bool (*)(std::string_view, bool, hub::EventSink&);

std::string figures(const ReportedUsage& usage) {
  const TokenUsage u = normalise(usage, {});
  return std::to_string(u.input()) + " " + std::to_string(u.cache_read) + " " +
         std::to_string(u.output);
}

// The elements of an array as the events they would have been.
std::string events_of_array(const std::string& text) {
  dom::parser parser;
  dom::array all;
  std::string out;
  REQUIRE(parser.parse(text).get(all) == simdjson::SUCCESS);
  for (const dom::element one : all) out += "data: " + simdjson::minify(one) + "\r\n\r\n";
  return out;
}

int check_answers(const std::vector<Recorded>& all, Run run) {
  int checked = 0;
  for (const Recorded& r : all) {
    if (r.status >= 400) continue;
    CAPTURE(r.id);
    Meaning said;
    if (!run(r.response, r.stream, said) || said.fault || !said.ended) continue;
    std::string stream, array, body;
    gemini::EncodeOptions options;
    gemini::StreamEncoder encoder(options, stream);
    options.array = true;
    gemini::StreamEncoder array_encoder(options, array);
    gemini::AnswerWriter writer(options);
    for (hub::EventSink* sink :
         std::initializer_list<hub::EventSink*>{&encoder, &array_encoder, &writer})
      run(r.response, r.stream, *sink);
    REQUIRE(writer.complete());
    writer.write(body);
    CHECK(events_of_array(array).size() > 2);
    for (const std::string* given : {&stream, &body}) {
      const bool streamed = given == &stream;
      CAPTURE(streamed);
      Meaning got;
      OrderCheck order(&got);
      CHECK(run_contents(*given, streamed, order));
      CHECK(order.fault() == "");
      CHECK(got.text == said.text + said.refusal);
      CHECK(got.thinking == said.thinking);
      CHECK(got.calls.size() == said.calls.size());
      if (said.usage.present) CHECK(figures(got.usage) == figures(said.usage));
      CHECK(got.ended);
    }
    ++checked;
  }
  return checked;
}

TEST_CASE("gemini clients: what a chat endpoint said") {
  const int checked = check_answers(recorded_chat(), run_chat);
  CHECK((recorded_chat().empty() || checked > 2'000));
}

TEST_CASE("gemini clients: what Anthropic said") {
  const int checked = check_answers(recorded_messages(), run_messages);
  CHECK((recorded_messages().empty() || checked > 800));
}

TEST_CASE("gemini clients: thinking that was signed comes back with the call") {
  gemini::AnswerWriter writer({});
  REQUIRE(run_messages(
      R"({"type":"message","id":"m","model":"c","content":[{"type":"thinking","thinking":"H\"m","signature":"Sig/+="},)"
      R"({"type":"redacted_thinking","data":"RED"},{"type":"text","text":"A"},)"
      R"({"type":"tool_use","id":"t1","name":"f","input":{"a":1}},)"
      R"({"type":"tool_use","id":"t2","name":"g","input":{}}],"stop_reason":"tool_use"})",
      false, writer));
  std::string body;
  writer.write(body);
  dom::parser parser;
  dom::element doc = parser.parse(body);
  const std::string turn = simdjson::minify(doc["candidates"].at(0)["content"]);
  // The command line client leaves thoughts out, and SDKs write base64 in their own alphabet.
  std::string echoed = turn;
  const std::size_t thought = echoed.find(R"({"text":"H\"m","thought":true},)");
  REQUIRE(thought != std::string::npos);
  echoed.erase(thought, std::string_view(R"({"text":"H\"m","thought":true},)").size());
  const std::size_t signature = echoed.find("thoughtSignature");
  REQUIRE(signature != std::string::npos);
  for (std::size_t i = signature + 19; echoed[i] != '"'; ++i) {
    if (echoed[i] == '+') echoed[i] = '-';
    if (echoed[i] == '/') echoed[i] = '_';
  }
  const std::string next = R"({"contents":[{"role":"user","parts":[{"text":"q"}]},)" + echoed +
                           R"(,{"role":"user","parts":[{"functionResponse":{"id":"t1","name":"f",)"
                           R"("response":{"output":"1"}}},{"functionResponse":{"id":"t2",)"
                           R"("name":"g","response":{"output":"2"}}}]}]})";
  gemini::RequestParser requests;
  hub::Request request;
  REQUIRE(requests.parse(next, request).has_value());
  hub::Dropped dropped;
  const std::string messages = as_messages(request, dropped, usual_messages());
  CAPTURE(messages);
  CHECK(fault_of_messages(messages) == "");
  CHECK(messages.find(R"({"type":"thinking","thinking":"H\"m","signature":"Sig/+="},)"
                      R"({"type":"redacted_thinking","data":"RED"},{"type":"text","text":"A"},)"
                      R"({"type":"tool_use","id":"t1","name":"f","input":{"a":1}},)"
                      R"({"type":"tool_use","id":"t2")") != std::string::npos);
  CHECK(dropped.empty());
}

TEST_CASE("gemini clients: thinking that was signed comes back with the last part") {
  gemini::AnswerWriter writer({});
  REQUIRE(run_messages(
      R"({"type":"message","id":"m","model":"c","content":[{"type":"thinking","thinking":"Hm","signature":"Sig"},)"
      R"({"type":"text","text":"A"}],"stop_reason":"end_turn"})",
      false, writer));
  std::string body;
  writer.write(body);
  dom::parser parser;
  dom::element doc = parser.parse(body);
  const std::string turn = simdjson::minify(doc["candidates"].at(0)["content"]);
  const std::string next = R"({"contents":[{"role":"user","parts":[{"text":"q"}]},)" + turn +
                           R"(,{"role":"user","parts":[{"text":"r"}]}]})";
  gemini::RequestParser requests;
  hub::Request request;
  REQUIRE(requests.parse(next, request).has_value());
  hub::Dropped dropped;
  const std::string messages = as_messages(request, dropped, usual_messages());
  CAPTURE(messages);
  CHECK(fault_of_messages(messages) == "");
  // Where it was: a turn cannot end with it.
  CHECK(
      messages.find(
          R"({"type":"thinking","thinking":"Hm","signature":"Sig"},{"type":"text","text":"A"}])") !=
      std::string::npos);
}

TEST_CASE("carriers: only what was made here is opened") {
  std::string text, signature;
  hub::append_gemini_carrier(text, hub::SignatureOf::text, "c2ln");
  hub::SignatureOf what = hub::SignatureOf::call;
  std::string_view inside;
  CHECK(hub::is_carrier(text));
  CHECK(hub::read_gemini_carrier(text, what, inside));
  CHECK((what == hub::SignatureOf::text && inside == "c2ln"));
  for (const char* bad : {"", "sy1.", "sy1.gemini.", "sy1.gemini.x.a", "sy1.gemini.ca", "EqQBCg=="})
    CHECK_FALSE(hub::read_gemini_carrier(bad, what, inside));
  hub::append_thinking_carrier(signature, R"({"t":"é"})");
  CHECK(hub::open_thinking_carrier(signature, text));
  CHECK(text == R"([{"t":"é"}])");
  for (const char* bad :
       {"", "c3kxLnRoaW5raW5n", "c3kxLnRoaW5raW5n!", "CiQB4/H=", "c3kxLnRoaW5raW5nWw=="})
    CHECK_FALSE(hub::open_thinking_carrier(bad, text));
  for (std::size_t size = 0; size < 9; ++size) {
    const std::string bytes = std::string("\xFF\xFE\x00\x3E\x7F?>~\xFB", 9).substr(0, size);
    std::string coded, back;
    hub::append_base64(coded, bytes);
    CHECK(coded.size() % 4 == 0);
    CHECK(hub::decode_base64(back, coded));
    CHECK(back == bytes);
  }
}

TEST_CASE("bridge: a Gemini stream between Gemini speakers passes byte for byte, or as an array") {
  int streams = 0;
  for (const Recorded& r : recorded_contents()) {
    if (!r.stream || r.status >= 400 || r.response.starts_with('[')) continue;
    CAPTURE(r.id);
    for (const bool array : {false, true}) {
      hub::BridgeOptions options;
      options.client = options.provider = hub::Wire::gemini;
      options.json_array = array;
      hub::StreamBridge bridge(options);
      openai::TapOutput out;
      std::string told;
      for (std::size_t at = 0; at < r.response.size(); at += 997) {
        bridge.feed(std::string_view(r.response).substr(at, 997), out);
        told += text_of(out);
        out.clear();
      }
      CHECK(bridge.finish(out).has_value());
      told += text_of(out);
      CHECK(bridge.phase() == openai::StreamPhase::done);
      CHECK(bridge.facts().usage.present);
      if (!array) {
        CHECK(told == r.response);
        continue;
      }
      std::string wanted;
      SseDecoder sse;
      SseEvent event;
      std::string_view rest = r.response;
      while (sse.next(rest, event) == SseDecoder::Status::event)
        wanted.append(wanted.empty() ? "[" : ",\r\n").append(event.data);
      CHECK(told == wanted + "]");
    }
    ++streams;
  }
  CHECK((recorded_contents().empty() || streams > 190));
}

TEST_CASE("gemini clients: errors, before and in a stream, and how long to wait") {
  const Error error(ErrorKind::over_budget, ErrorSource::gateway, Retry::never, "no \"money\"");
  ErrorExtras extras;
  extras.request_id = "r";
  std::string out;
  hub::write_error(out, hub::Wire::gemini, error, extras);
  CHECK(
      out ==
      R"({"error":{"code":429,"message":"no \"money\"","status":"RESOURCE_EXHAUSTED","details":[{"@type":)"
      R"("type.googleapis.com/google.rpc.ErrorInfo","reason":"over_budget","domain":"steelyard","metadata":{"request_id":"r"}}]}})");
  CHECK(hub::reply_for(hub::Wire::gemini, ErrorKind::over_budget, 402).status == 402);
  out = "[{}";
  gemini::write_array_error(out, error, {});
  dom::parser parser;
  dom::array all;
  CHECK(parser.parse(out).get(all) == simdjson::SUCCESS);
  CHECK(all.size() == 2);
  const UpstreamFault key{FaultClass::auth_upstream, "bad key", {}, {}};
  CHECK(hub::fault_status(hub::Wire::gemini, key, 401) == 503);
  std::string stream;
  gemini::EncodeOptions options;
  options.array = true;
  gemini::StreamEncoder encoder(options, stream);
  hub::Event event;
  event.kind = hub::EventKind::fault;
  event.fault = &key;
  encoder.take(event);
  CHECK(
      stream ==
      R"([{"error":{"code":503,"message":"the provider refused the gateway's key","status":"UNAVAILABLE"}}])");
  struct Row {
    const char* body;
    std::int64_t ms;
  };
  const Row rows[] = {
      {R"({"error":{"details":[{"@type":"x"},{"retryDelay":"34.4s"}]}})", 34'400},
      {R"([{"error":{"details":[{"retryDelay":"0.0001s"}]}}])", 1},
      {R"({"error":{"details":[{"retryDelay":"-1s"}]}})", -1},
      {R"({"error":{"details":[{"retryDelay":"soon"}]}})", -1},
      {R"({"error":{"details":[{"retryDelay":7}]}})", -1},
      {R"({"error":{"details":{}}})", -1},
      {"<html>", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(gemini::retry_delay_ms(row.body) == row.ms);
  }
}

}  // namespace
}  // namespace steelyard::dialect
