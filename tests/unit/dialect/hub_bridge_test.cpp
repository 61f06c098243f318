#include <doctest/doctest.h>

#include <array>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_errors.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
using hub::Wire;

std::string feed(hub::StreamBridge& bridge, std::string_view bytes, std::size_t step, bool& well) {
  openai::TapOutput out;
  std::string told;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    bridge.feed(bytes.substr(at, step), out);
    told += text_of(out);
    out.clear();
  }
  well = bridge.finish(out).has_value();
  return told + text_of(out);
}

TEST_CASE("bridge: a Messages stream between Messages speakers passes byte for byte") {
  int streams = 0;
  for (const Recorded& r : recorded_messages()) {
    if (!r.stream || r.status >= 400) continue;
    CAPTURE(r.id);
    hub::BridgeOptions options;
    options.client = options.provider = Wire::anthropic;
    hub::StreamBridge bridge(options);
    bool well = false;
    CHECK(feed(bridge, r.response, 997, well) == r.response);
    CHECK(well);
    CHECK(bridge.phase() == openai::StreamPhase::done);
    CHECK(bridge.facts().usage.present);
    ++streams;
  }
  CHECK((recorded_messages().empty() || streams > 300));
}

// A text, and an end, in each dialect.
struct Stream {
  Wire wire;
  std::string head, text, tail;  // `text` has one word: WORD
};
const std::array<Stream, 4>& streams() {
  static const std::array<Stream, 4> all{
      {{Wire::openai_chat, "",
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"WORD\"}}]}\n\n",
        "data: "
        "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n"},
       {Wire::anthropic,
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[]}}\n\n"
        "data: "
        "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
        "\"text\":"
        "\"\"}}\n\n",
        "data: "
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
        "\"WORD\"}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
        "data: {\"type\":\"message_stop\"}\n\n"},
       {Wire::openai_responses,
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n",
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"WORD\"}\n\n",
        "data: "
        "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\","
        "\"output\":[]}}\n\n"},
       {Wire::gemini, "",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"WORD\"}]}}]}\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[]},\"finishReason\":\"STOP\"}]}\n\n"}}};
  return all;
}
std::string with_word(const Stream& stream, const std::string& word) {
  std::string text = stream.text;
  return text.replace(text.find("WORD"), 4, word);
}

TEST_CASE("bridge: an event of megabytes passes, and is read") {
  const std::string word(3u << 20, 'A');
  for (const Stream& stream : streams())
    for (const Wire client :
         {Wire::openai_chat, Wire::anthropic, Wire::openai_responses, Wire::gemini}) {
      if (client == Wire::openai_chat && stream.wire == client) continue;  // the tap's
      CAPTURE(int(stream.wire));
      CAPTURE(int(client));
      hub::BridgeOptions options;
      options.client = client;
      options.provider = stream.wire;
      hub::StreamBridge bridge(options);
      const std::string bytes = stream.head + with_word(stream, word) + stream.tail;
      bool well = false;
      const std::string told = feed(bridge, bytes, 60'000, well);
      CHECK(well);
      CHECK(bridge.phase() == openai::StreamPhase::done);
      CHECK((client == stream.wire ? told == bytes : told.find(word) != std::string::npos));
    }
}

TEST_CASE(
    "bridge: an event that is no JSON fails what is translated, and passes where nothing is") {
  for (const Stream& stream : streams())
    for (const Wire client :
         {Wire::openai_chat, Wire::anthropic, Wire::openai_responses, Wire::gemini}) {
      if (client == Wire::openai_chat && stream.wire == client) continue;  // the tap's
      for (const char* word : {"l\xFF\xFEo", "l\",", "l\x01"}) {
        CAPTURE(int(stream.wire));
        CAPTURE(int(client));
        CAPTURE(std::string(word));
        hub::BridgeOptions options;
        options.client = client;
        options.provider = stream.wire;
        hub::StreamBridge bridge(options);
        const std::string bytes =
            stream.head + with_word(stream, "good") + with_word(stream, word) + stream.tail;
        bool well = false;
        const std::string told = feed(bridge, bytes, 1, well);
        CHECK(well == (client == stream.wire));
        if (client == stream.wire) {
          CHECK(told == bytes);
          continue;
        }
        CHECK(told.find("good") != std::string::npos);
        CHECK(told.find("an event of the stream is not valid JSON") != std::string::npos);
        CHECK(bridge.phase() == openai::StreamPhase::failed);
      }
      // What stands for a sign of life is none.
      hub::BridgeOptions options;
      options.client = client;
      options.provider = stream.wire;
      hub::StreamBridge bridge(options);
      bool well = false;
      (void)feed(bridge,
                 stream.head + "data: ping\n\ndata:\n\ndata: null\n\n" + with_word(stream, "good") +
                     stream.tail,
                 7, well);
      CHECK(well);
    }
}

TEST_CASE("bridge: a whole answer becomes the stream that was asked for, in every pair") {
  const struct {
    Wire wire;
    const char* body;
  } rows[] = {
      {Wire::openai_chat,
       R"({"id":"c","choices":[{"index":0,"message":{"content":"good","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}})"},
      {Wire::anthropic,
       R"({"id":"m","type":"message","content":[{"type":"text","text":"good"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":7,"output_tokens":3}})"},
      {Wire::openai_responses,
       R"({"id":"r","object":"response","status":"completed","output":[{"type":"message","id":"i","role":"assistant","content":[{"type":"output_text","text":"good","annotations":[]}]},{"type":"function_call","id":"j","call_id":"t","name":"f","arguments":"{\"a\":1}"}],"usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10}})"},
      {Wire::gemini,
       R"({"candidates":[{"content":{"parts":[{"text":"good"},{"functionCall":{"id":"t","name":"f","args":{"a":1}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3,"totalTokenCount":10}})"}};
  for (const auto& row : rows)
    for (const Wire client :
         {Wire::openai_chat, Wire::anthropic, Wire::openai_responses, Wire::gemini}) {
      CAPTURE(int(row.wire));
      CAPTURE(int(client));
      hub::BridgeOptions options;
      options.client = client;
      options.provider = row.wire;
      options.include_usage = true;
      std::string told;
      REQUIRE(hub::write_as_stream(row.body, options, told));
      hub::BridgeOptions back;  // read as a client would
      back.client = client == Wire::anthropic ? Wire::gemini : Wire::anthropic;
      back.provider = client;
      hub::StreamBridge bridge(back);
      bool well = false;
      const std::string read = feed(bridge, told, 5, well);
      CHECK(well);
      CHECK(read.find("good") != std::string::npos);
      CHECK(bridge.facts().tool_names == "f\n");
      CHECK(bridge.facts().finish == FinishReason::tool_calls);
      CHECK(bridge.facts().usage.prompt == 7);
      CHECK(bridge.facts().usage.completion == 3);
      CHECK_FALSE(hub::write_as_stream("<html>", options, told));
    }
}

TEST_CASE(
    "bridge: calls that an imitation of Anthropic sends side by side come one after the other") {
  const auto event = [](const std::string& type, const std::string& more) {
    return "data: {\"type\":\"" + type + "\"" + more + "}\n\n";
  };
  const auto begin = [&](const char* index) {
    return event("content_block_start", std::string(",\"index\":") + index +
                                            ",\"content_block\":{\"type\":\"tool_use\",\"id\":\"t" +
                                            index + "\",\"name\":\"f" + index + "\",\"input\":{}}");
  };
  const auto piece = [&](const char* index, const char* json) {
    return event("content_block_delta",
                 std::string(",\"index\":") + index +
                     ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"" + json +
                     "\"}");
  };
  const auto end = [&](const char* index) {
    return event("content_block_stop", std::string(",\"index\":") + index);
  };
  const std::string head = event("message_start", ",\"message\":{\"id\":\"m\",\"content\":[]}");
  const std::string tail = event("message_delta", ",\"delta\":{\"stop_reason\":\"tool_use\"}") +
                           event("message_stop", "");
  const std::string opened = head + begin("0") + begin("1") + begin("2") +
                             piece("1", "{\\\"a\\\"") + piece("0", "{\\\"b\\\"") +
                             piece("2", "{\\\"c\\\"") + piece("1", ":1}");
  for (const std::string& stream :
       {opened + piece("0", ":2}") + end("0") + piece("2", ":3}") + end("1") + end("2") + tail,
        opened + end("1") + piece("2", ":3}") + end("2") + piece("0", ":2}") + end("0") + tail,
        opened + piece("2", ":3}") + piece("0", ":2}") + tail}) {
    CAPTURE(stream);
    hub::BridgeOptions options;
    options.client = Wire::openai_responses;
    options.provider = Wire::anthropic;
    hub::StreamBridge bridge(options);
    bool well = false;
    const std::string told = feed(bridge, stream, 3, well);
    CHECK(well);
    CHECK(bridge.facts().tool_names == "f0\nf1\nf2\n");
    const std::string last = told.substr(told.find("response.completed"));
    std::size_t at = 0;
    for (const char* wanted : {R"("arguments":"{\"b\":2}")", R"("arguments":"{\"a\":1}")",
                               R"("arguments":"{\"c\":3}")"}) {
      at = last.find(wanted, at);
      CHECK(at != std::string::npos);
    }
  }
}

TEST_CASE("bridge: whole answers, and what a policy may escalate on") {
  struct Row {
    const char *why, *body;
    bool valid, empty, refusal, bad_arguments;
    const char* tools;
  };
  const Row rows[] = {
      {"text",
       R"({"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"})",
       true, false, false, false, ""},
      {"nothing", R"({"type":"message","content":[],"stop_reason":"end_turn"})", true, true, false,
       false, ""},
      {"thinking only",
       R"({"type":"message","content":[{"type":"thinking","thinking":"x","signature":"s"}],"stop_reason":"max_tokens"})",
       true, true, false, false, ""},
      {"refused", R"({"type":"message","content":[],"stop_reason":"refusal"})", true, true, true,
       false, ""},
      {"a call",
       R"({"type":"message","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"tool_use"})",
       true, false, false, false, "f\n"},
      {"an error", R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})",
       false, true, false, false, ""},
      {"no JSON", "<html>", false, false, false, false, ""},
  };
  hub::WholeBridge bridge;
  for (const Row& row : rows) {
    for (const Wire client : {Wire::anthropic, Wire::openai_chat}) {
      CAPTURE(row.why);
      hub::BridgeOptions options;
      options.client = client;
      options.provider = Wire::anthropic;
      CHECK(bridge.read(row.body, options) == row.valid);
      const openai::ChatAnswer& facts = bridge.facts();
      CHECK(facts.empty == row.empty);
      CHECK(facts.refusal == row.refusal);
      CHECK(facts.arguments_invalid == row.bad_arguments);
      CHECK(facts.tool_names == row.tools);
      if (client == Wire::anthropic && row.valid) CHECK(bridge.client_body() == row.body);
      if (!row.valid) CHECK(bridge.client_body().empty());
    }
  }
  hub::BridgeOptions options;
  options.client = Wire::anthropic;
  options.provider = Wire::openai_chat;
  CHECK(bridge.read(
      R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]},"finish_reason":"tool_calls"}]})",
      options));
  CHECK(bridge.facts().arguments_invalid);
}

TEST_CASE("bridge: statuses of foreign errors") {
  const UpstreamFault busy{FaultClass::overloaded, "Overloaded", {}, {}};
  CHECK(hub::fault_status(Wire::openai_chat, busy, 529) == 503);
  CHECK(hub::fault_status(Wire::anthropic, busy, 503) == 529);
  const UpstreamFault key{FaultClass::auth_upstream, "bad key", {}, {}};
  CHECK(hub::fault_status(Wire::openai_chat, key, 401) == 502);
  CHECK(hub::fault_status(Wire::anthropic, key, 401) == 502);
  std::string out;
  hub::write_fault(out, Wire::openai_chat, busy, 529, "r");
  CHECK(
      out ==
      R"({"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded"}})");
}

}  // namespace
}  // namespace steelyard::dialect
