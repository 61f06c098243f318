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
