// What an answer's signed and encrypted parts are told by must be what tells them when the client
// sends them back: in every dialect, whole and as a stream, however that is split.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/dialect/state_hash.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;
using States = std::vector<std::uint64_t>;

struct Row {
  const char* name;
  Wire wire;
  std::string whole;
  std::vector<std::string> events;  // data of each
  std::vector<std::string> states;  // as the client keeps them
};

std::vector<Row> rows() {
  return {
      {"messages",
       Wire::anthropic,
       R"({"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"thinking","thinking":"t","signature":"EqA/B"},)"
       R"({"type":"redacted_thinking","data":"DaTa"},{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}})",
       {R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":1,"output_tokens":1}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"t"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqA"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"/B"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"DaTa"}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}})",
        R"({"type":"message_stop"})"},
       {"EqA/B", "DaTa"}},
      {"responses",
       Wire::openai_responses,
       R"({"id":"r","object":"response","status":"completed","model":"g","output":[{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"gAAA-_x=="},)"
       R"({"type":"message","id":"ms","role":"assistant","status":"completed","content":[{"type":"output_text","text":"a","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}})",
       {R"({"type":"response.created","response":{"id":"r","object":"response","status":"in_progress","model":"g","output":[]}})",
        R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"gAAA-first"}})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"gAAA-_x=="}})",
        R"({"type":"response.completed","response":{"id":"r","object":"response","status":"completed","model":"g","output":[{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"gAAA-_x=="}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}})"},
       {"gAAA-_x=="}},
      {"gemini",
       Wire::gemini,
       R"({"responseId":"r","modelVersion":"g","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[{"text":"w","thoughtSignature":"VGV4"},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"Q2FsbA=="}]}}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}})",
       {R"({"responseId":"r","modelVersion":"g","candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"w"}]}}]})",
        R"({"responseId":"r","modelVersion":"g","candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"","thoughtSignature":"VGV4"}]}}]})",
        R"({"responseId":"r","modelVersion":"g","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"Q2FsbA=="}]}}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}})"},
       {"VGV4", "Q2FsbA=="}},
      {"chat",
       Wire::openai_chat,
       R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.text","text":"t","signature":"Sig="},{"type":"reasoning.encrypted","data":"Enc"}],)"
       R"("tool_calls":[{"id":"k","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"R29v"}}}]}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})",
       {R"({"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"Sig="}]}}]})",
        R"({"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"Enc"}]}}]})",
        R"({"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"k","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"R29v"}}}]},"finish_reason":"tool_calls"}]})",
        "[DONE]"},
       {"Sig=", "Enc", "R29v"}},
  };
}

States expected(const Row& row) {
  States out;
  for (const std::string& state : row.states) out.push_back(state_hash(state));
  return out;
}

std::string stream_of(const Row& row) {
  std::string out;
  for (const std::string& event : row.events) {
    if (row.wire == Wire::anthropic || row.wire == Wire::openai_responses) {
      const std::size_t at = event.find("\"type\":\"") + 8;
      out += "event: " + event.substr(at, event.find('"', at) - at) + "\n";
    }
    out += "data: " + event + "\n\n";
  }
  return out;
}

hub::BridgeOptions options_of(Wire client, Wire provider) {
  hub::BridgeOptions options;
  options.client = client;
  options.provider = provider;
  return options;
}

// Read in two pieces, and what each gave taken away.
template <class Stream>
States of_stream(Stream& stream, const std::string& text, std::size_t split) {
  States all;
  const auto take = [&] {
    all.insert(all.end(), stream.states().begin(), stream.states().end());
    stream.states().clear();
  };
  openai::TapOutput out;
  stream.feed(std::string_view(text).substr(0, split), out);
  take();
  out.clear();
  stream.feed(std::string_view(text).substr(split), out);
  take();
  out.clear();
  CHECK(stream.finish(out));
  take();
  return all;
}

TEST_CASE("answer's states: of whole answers") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    if (row.wire == Wire::openai_chat) {
      openai::ResponseParser parser;
      openai::ChatAnswer answer;
      ShapeMemory shapes;
      for (int time = 0; time < 3; ++time) {
        parser.parse(row.whole, answer, &shapes);
        CHECK(answer.states == expected(row));
      }
      continue;
    }
    hub::WholeBridge bridge;
    REQUIRE(bridge.read(row.whole, options_of(row.wire, row.wire)));
    CHECK(bridge.facts().states == expected(row));
    REQUIRE(bridge.read(row.whole, options_of(Wire::openai_chat, row.wire)));
    CHECK(bridge.facts().states == expected(row));
  }
}

TEST_CASE("answer's states: of streams, split anywhere") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    const std::string text = stream_of(row);
    for (std::size_t split = 0; split <= text.size(); split += 3) {
      CAPTURE(split);
      if (row.wire == Wire::openai_chat) {
        openai::StreamTap tap({});
        CHECK(of_stream(tap, text, split) == expected(row));
        continue;
      }
      hub::StreamBridge same(options_of(row.wire, row.wire));
      CHECK(of_stream(same, text, split) == expected(row));
      hub::StreamBridge other(options_of(Wire::openai_chat, row.wire));
      CHECK(of_stream(other, text, split) == expected(row));
    }
  }
}

}  // namespace
}  // namespace steelyard::dialect
