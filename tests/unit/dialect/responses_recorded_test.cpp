// Every recorded exchange of OpenAI Responses: requests as other dialects' providers get them,
// answers as events, usage as it was billed, pass-through byte for byte.
#include <doctest/doctest.h>
#include <simdjson.h>

#include <map>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/responses_encode.h"
#include "gateway/dialect/responses_events.h"
#include "gateway/dialect/splice.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
using hub::Wire;

bool is_answer(const Recorded& r) {
  return r.status < 400 && !r.response.empty();
}

TEST_CASE(
    "responses recorded: requests become chat and Messages requests nothing is known against") {
  int made = 0, refused = 0, stored = 0;
  std::map<std::string, int> faults;
  hub::Request request, back;
  for (const Recorded& r : recorded_responses()) {
    if (r.status >= 400 || r.request.empty()) continue;
    CAPTURE(r.id);
    const std::string refusal = read_responses(r.request, request);
    if (!refusal.empty()) {
      // Background answers are not offered.
      if (refusal.find("/background") == std::string::npos) {
        MESSAGE(r.id << ": " << refusal);
        ++refused;
      }
      continue;
    }
    hub::FactsRoom room;
    ChatRequest facts;
    hub::fill_facts(request, room, facts);
    CHECK(facts.messages.size() == request.messages.size());
    if (!request.needs_store.empty()) {
      ++stored;
      continue;
    }
    // The output of a tool that only OpenAI has: its call is no call to others.
    if (r.id == "8f2027dfff50a221") continue;
    hub::Dropped dropped;
    const std::string messages = as_messages(request, dropped, usual_messages());
    const std::string chat = as_chat(request, dropped, usual_chat());
    for (const auto& [dialect, fault] : {std::pair{"messages: ", fault_of_messages(messages)},
                                         std::pair{"chat: ", fault_of_chat(chat)}}) {
      if (fault.empty()) continue;
      MESSAGE(r.id << " " << dialect << fault);
      ++faults[dialect + fault];
    }
    CHECK(read_messages(messages, back) == "");
    CHECK(read_chat(chat, back) == "");
    const std::string again = as_responses(back, dropped);
    CHECK(fault_of_responses(again) == "");
    ++made;
  }
  if (recorded_responses().empty()) return;
  CHECK(made > 900);
  CHECK(stored > 20);
  CHECK(refused == 0);
  CHECK(faults.empty());
}

TEST_CASE("responses recorded: a request that stays in its dialect changes in its model only") {
  int seen = 0;
  hub::Request request;
  for (const Recorded& r : recorded_responses()) {
    if (r.request.empty() || !read_responses(r.request, request).empty()) continue;
    hub::FactsRoom room;
    ChatRequest facts;
    hub::fill_facts(request, room, facts);
    BodyEdits edits;
    edits.model = "another-model";
    edits.limit_key = LimitKey::max_output_tokens;
    SplicedBody body;
    REQUIRE(body.build(facts, edits).has_value());
    std::string out;
    for (const std::string_view part : body.parts()) out += part;
    std::string expected = r.request;
    expected.replace(facts.model_token.begin, facts.model_token.size, "\"another-model\"");
    CHECK(out == expected);
    ++seen;
  }
  CHECK((recorded_responses().empty() || seen > 980));
}

TEST_CASE("responses recorded: every stream cut at every byte gives the same events") {
  int streams = 0;
  for (const Recorded& r : recorded_responses()) {
    if (!r.stream || !is_answer(r)) continue;
    CAPTURE(r.id);
    EventLog whole;
    OrderCheck order(&whole);
    CHECK(run_responses(r.response, true, order));
    CHECK(order.fault() == "");
    EventLog cut;
    responses::StreamDecoder decoder;
    for (std::size_t at = 0; at < r.response.size(); ++at)
      decoder.feed(std::string_view(r.response).substr(at, 1), cut);
    CHECK(decoder.finish(cut).has_value());
    CHECK(cut.text == whole.text);
    CHECK(decoder.unparsed() == 0);
    ++streams;
  }
  CHECK((recorded_responses().empty() || streams > 300));
}

// What the terminal event, or the body, says was used: read by another parser.
bool reported_total(const Recorded& r, std::int64_t& in, std::int64_t& out, std::int64_t& cached) {
  simdjson::dom::parser parser;
  simdjson::dom::element doc;
  std::string json = r.response;
  if (r.stream) {
    std::size_t at = std::string::npos;
    for (const char* type : {"response.completed", "response.incomplete"}) {
      const std::size_t found = r.response.rfind(std::string("\"type\":\"") + type);
      if (found != std::string::npos) at = found;
    }
    if (at == std::string::npos) return false;
    const std::size_t begin = r.response.rfind("data:", at) + 5;
    json = r.response.substr(begin, r.response.find('\n', begin) - begin);
  }
  if (parser.parse(json).get(doc) != simdjson::SUCCESS) return false;
  simdjson::dom::element usage;
  if ((r.stream ? doc["response"]["usage"] : doc["usage"]).get(usage) != simdjson::SUCCESS)
    return false;
  cached = 0;
  (void)usage["input_tokens_details"]["cached_tokens"].get(cached);
  return usage["input_tokens"].get(in) == simdjson::SUCCESS &&
         usage["output_tokens"].get(out) == simdjson::SUCCESS;
}

TEST_CASE("responses recorded: usage is what was billed, bytes pass as they came") {
  int with_usage = 0, passed = 0;
  hub::WholeBridge whole;
  for (const Recorded& r : recorded_responses()) {
    if (!is_answer(r)) continue;
    CAPTURE(r.id);
    hub::BridgeOptions options;
    options.client = options.provider = Wire::openai_responses;
    ReportedUsage usage;
    if (r.stream) {
      hub::StreamBridge bridge(options);
      openai::TapOutput out;
      std::string told;
      for (std::size_t at = 0; at < r.response.size(); at += 997) {
        bridge.feed(std::string_view(r.response).substr(at, 997), out);
        told += text_of(out);
        out.clear();
      }
      CHECK(bridge.finish(out).has_value());
      CHECK(told + text_of(out) == r.response);
      CHECK(bridge.phase() == openai::StreamPhase::done);
      usage = bridge.facts().usage;
    } else {
      if (!whole.read(r.response, options)) {
        // Input counts, compactions and answers that are still being made are no answers.
        CHECK((whole.facts().fault || r.response.find("\"output\"") == std::string::npos));
        continue;
      }
      CHECK(whole.client_body() == r.response);
      usage = whole.facts().usage;
    }
    ++passed;
    std::int64_t in = 0, out = 0, cached = 0;
    if (!reported_total(r, in, out, cached)) continue;
    ++with_usage;
    CHECK(usage.present);
    CHECK(usage.prompt == in);
    CHECK(usage.completion == out);
    CHECK(usage.cached == cached);
    const TokenUsage tokens = normalise(usage, {});
    CHECK(tokens.uncached >= 0);
    CHECK(tokens.input() >= in);
  }
  if (recorded_responses().empty()) return;
  CHECK(passed > 990);
  CHECK(with_usage > 950);
}

// Through the encoder and back: the same answer, stream or whole.
TEST_CASE("responses recorded: what the encoder writes reads as the same answer") {
  int seen = 0;
  for (const Recorded& r : recorded_responses()) {
    if (!is_answer(r)) continue;
    CAPTURE(r.id);
    Meaning meant;
    if (!run_responses(r.response, r.stream, meant) || !meant.ended || meant.native) continue;
    responses::EncodeOptions options;
    options.client_body = r.request;
    std::string stream, body;
    responses::StreamEncoder encoder(options, stream);
    run_responses(r.response, r.stream, encoder);
    responses::ResponseWriter writer(options);
    run_responses(r.response, r.stream, writer);
    REQUIRE(writer.complete());
    writer.write(body);
    Meaning streamed, written;
    OrderCheck order(&streamed);
    CHECK(run_responses(stream, true, order));
    CHECK(order.fault() == "");
    CHECK(run_responses(body, false, written));
    CHECK(streamed.to_text() == meant.to_text());
    CHECK(written.to_text() == meant.to_text());
    ++seen;
  }
  CHECK((recorded_responses().empty() || seen > 850));
}

// Streams of other dialects as this dialect's clients get them, and read again.
TEST_CASE("responses recorded: other dialects' answers keep their meaning") {
  struct From {
    const std::vector<Recorded>& (*recorded)();
    bool (*run)(std::string_view, bool, hub::EventSink&);
  };
  int seen = 0;
  for (const From& from : {From{recorded_chat, run_chat}, From{recorded_messages, run_messages},
                           From{recorded_contents, run_contents}}) {
    for (const Recorded& r : from.recorded()) {
      if (r.status >= 400 || r.response.empty()) continue;
      CAPTURE(r.id);
      Meaning meant;
      if (!from.run(r.response, r.stream, meant) || !meant.ended || meant.native) continue;
      if (meant.stop == hub::StopReason::error) continue;  // told as a failure
      responses::EncodeOptions options;
      std::string stream, body;
      responses::StreamEncoder encoder(options, stream);
      from.run(r.response, r.stream, encoder);
      responses::ResponseWriter writer(options);
      from.run(r.response, r.stream, writer);
      writer.write(body);
      Meaning got, whole;
      OrderCheck order(&got);
      CHECK(run_responses(stream, true, order));
      CHECK(order.fault() == "");
      CHECK(run_responses(body, false, whole));
      CHECK(whole.to_text() == got.to_text());
      CHECK(got.text == meant.text);
      CHECK(got.refusal == meant.refusal);
      CHECK(got.calls == meant.calls);
      const bool more = got.thinking.find(meant.thinking) != std::string::npos;
      CHECK(more);
      ++seen;
    }
  }
  CHECK((recorded_chat().empty() || seen > 3'000));
}

// Requests of other dialects as a provider of this one gets them.
TEST_CASE("responses recorded: other dialects' requests become ones nothing is known against") {
  int made = 0;
  std::map<std::string, int> faults;
  hub::Request request, back;
  for (const bool chat : {true, false}) {
    for (const Recorded& r : chat ? recorded_chat() : recorded_messages()) {
      if (r.status >= 400 || r.request.empty()) continue;
      CAPTURE(r.id);
      if (!(chat ? read_chat : read_messages)(r.request, request).empty()) continue;
      hub::Dropped dropped;
      // Judged by the rules of the dialect it came in: some conversations are broken as they are.
      const std::string own = chat ? as_chat(request, dropped, usual_chat()) : "";
      const std::string body = as_responses(request, dropped);
      if (body.starts_with('!')) {
        CHECK(request.choices > 1);
        continue;
      }
      if (chat ? !fault_of_chat(own).empty() : r.id == "79f1d9365368672d") continue;
      const std::string fault = fault_of_responses(body);
      if (!fault.empty()) {
        MESSAGE(r.id << ": " << fault);
        ++faults[fault];
      }
      CHECK(read_responses(body, back) == "");
      ++made;
    }
  }
  if (recorded_chat().empty()) return;
  CHECK(made > 2'500);
  CHECK(faults.empty());
}

}  // namespace
}  // namespace steelyard::dialect
