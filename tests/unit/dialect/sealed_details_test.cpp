// Reasoning that a model behind OpenRouter sealed (`reasoning_details`), carried by clients of the
// other dialects and given back to it as it was.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_text.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;
using hub::Wire;

constexpr std::string_view element =
    R"({"type":"reasoning.encrypted","data":"gAAA\u003d=","id":"rs_1","format":"openai-responses-v1","index":0})";
const std::string call =
    R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}])";

std::string whole() {
  return R"({"id":"g","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":)"
         R"({"role":"assistant","content":null,"reasoning_details":[)" +
         std::string(element) + "]," + call + "}}]}";
}

// `late`: after the call, as some routers send it.
std::string streamed(bool late) {
  const auto chunk = [](const std::string& delta, std::string_view finish) {
    return R"(data: {"id":"g","model":"m","choices":[{"index":0,"delta":{)" + delta +
           R"(},"finish_reason":)" + std::string(finish) + "}]}\n\n";
  };
  const std::string state = chunk(R"("reasoning_details":[)" + std::string(element) + "]", "null");
  return (late ? "" : state) + chunk(call, "null") + (late ? state : "") +
         chunk("", "\"tool_calls\"") + "data: [DONE]\n\n";
}

std::string client_stream(const hub::BridgeOptions& options, const std::string& bytes) {
  hub::StreamBridge bridge(options);
  openai::TapOutput out;
  std::string told;
  const auto take = [&] {
    for (const std::string_view part : out.parts()) told += part;
    out.clear();
  };
  bridge.feed(bytes, out);
  take();
  CHECK(bridge.finish(out));
  take();
  CHECK(bridge.lost().empty());
  return told;
}

// What the client carries; Gemini's inside of its own base64.
std::string carrier_in(std::string_view told) {
  const auto word = [](std::string_view text, std::string_view begin) {
    const std::size_t at = text.find(begin);
    if (at == text.npos) return std::string();
    return std::string(text.substr(at, text.find('"', at) - at));
  };
  const std::string plain = word(told, "sy1.chat.");
  return plain.empty() ? word(told, "c3kxLnRoaW5raW5n") : plain;
}

std::string next_request(Wire client, const std::string& carrier) {
  switch (client) {
    case Wire::anthropic:
      return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[)"
             R"({"type":"thinking","thinking":"","signature":")" +
             carrier +
             R"("},{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[)"
             R"({"type":"tool_result","tool_use_id":"c","content":"1"}]}]})";
    case Wire::openai_responses:
      return R"({"model":"m","input":[{"role":"user","content":"x"},{"type":"reasoning","summary":[],"encrypted_content":")" +
             carrier +
             R"("},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
             R"({"type":"function_call_output","call_id":"c","output":"1"}]})";
    default:
      return R"({"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":")" +
             carrier +
             R"("}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"}}}]}]})";
  }
}

TEST_CASE("sealed details: come back to their provider byte for byte, whole and streamed") {
  const hub::StateKey key = hub::state_key_of("https://r.test", "sk", "m");
  for (const Wire client : {Wire::anthropic, Wire::openai_responses, Wire::gemini}) {
    for (const bool seals : {false, true}) {
      CAPTURE(std::string(hub::name_of(client)));
      hub::BridgeOptions options;
      options.client = client;
      options.provider = Wire::openai_chat;
      options.request_id = "r";
      options.state_key = seals ? &key : nullptr;
      hub::WholeBridge bridge;
      REQUIRE(bridge.read(whole(), options));
      CHECK(bridge.lost().empty());
      const std::string carrier = carrier_in(bridge.client_body());
      REQUIRE(carrier != "");
      CHECK(carrier_in(client_stream(options, streamed(false))) == carrier);
      // Too late for Gemini's clients, whose calls carry it: it stands on a part of its own there.
      CHECK(carrier_in(client_stream(options, streamed(true))) != "");
      hub::RequestReaders readers;
      hub::Request request;
      const std::string body = next_request(client, carrier);
      REQUIRE(readers.parse(client, body, request));
      if (seals) hub::open_seals(request, key);
      hub::Dropped dropped;
      openai::HubWriteOptions write = usual_chat();
      write.reasoning_details = true;
      const std::string sent = as_chat(request, dropped, write);
      CHECK_MESSAGE(
          sent.find("\"reasoning_details\":[" + std::string(element) + "]") != std::string::npos,
          sent);
      CHECK(names(dropped) == "");
      // To a provider that does not want it, and to Anthropic, it does not go.
      CHECK(as_chat(request, dropped, usual_chat()).find("gAAA") == std::string::npos);
      if (client != Wire::anthropic)
        CHECK(as_messages(request, dropped, usual_messages()).find("sy1.") == std::string::npos);
      CHECK(names(dropped) == "thinking");
    }
  }
}

TEST_CASE("sealed details: what Anthropic signed goes back in OpenRouter's shape") {
  hub::Request request;
  REQUIRE(
      read_messages(
          R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[)"
          R"({"type":"thinking","thinking":"Hm.","signature":"Sig=="},{"type":"redacted_thinking","data":"D"},)"
          R"({"type":"text","text":"y"}]},{"role":"user","content":"z"}]})",
          request) == "");
  hub::Dropped dropped;
  openai::HubWriteOptions write = usual_chat();
  write.reasoning_details = true;
  const std::string sent = as_chat(request, dropped, write);
  CHECK(
      sent.find(
          R"("reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"Sig==","format":"anthropic-claude-v1"},)"
          R"({"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1"}])") !=
      std::string::npos);
  CHECK(names(dropped) == "");
}

}  // namespace
}  // namespace steelyard::dialect
