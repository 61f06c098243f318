#include "gateway/dialect/hub_cut.h"

#include <doctest/doctest.h>

#include "gateway/dialect/hub_bridge.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;

TEST_CASE("cut: where the last event of a read ends") {
  struct Row {
    std::string_view text;
    std::size_t end;
  };
  constexpr std::size_t none = std::string_view::npos;
  for (const Row& row : {Row{"data: {}\n\ndata: {", 10}, Row{"data: {}\r\n\r\nda", 12},
                         Row{"data: {", none}, Row{"", none}, Row{"data: {}\n\n", 10},
                         Row{"a\n\nb\r\n\r\nc", 8}, Row{"a\r\n\r\nb\n\nc", 8}})
    CHECK(hub::last_event_end(row.text) == row.end);
}

TEST_CASE("cut: what a chunk says of its answer") {
  const hub::ChunkNames names = hub::names_in_chunk(
      "data: {\"id\":\"a\"}\n\ndata: {\"id\":\"chat\\u0063mpl-1\",\"created\":17,\"model\":\"m-1\","
      "\"choices\":[]}\n\n");
  CHECK(names.id == "chat\\u0063mpl-1");
  CHECK(names.model == "m-1");
  CHECK(names.created == "17");
  CHECK(hub::names_in_chunk(": ping\n\n").id.empty());
  CHECK(hub::names_in_chunk("data: {\"id\":").id.empty());
}

TEST_CASE("cut: terminal events of each dialect") {
  hub::CutShort cut;
  cut.id = "x1";
  cut.model = "m";
  cut.created = "17";
  cut.choices = 2;
  cut.open_block = 1;
  cut.place = {42, "x1"};
  cut.usage.prompt = 5;
  cut.usage.completion = 9;
  cut.usage.present = true;
  struct Row {
    Wire client;
    bool usage, array;
    const char* text;
  };
  const Row rows[] = {
      {Wire::openai_chat, false, false,
       R"(data: {"id":"x1","object":"chat.completion.chunk","created":17,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}

data: {"id":"x1","object":"chat.completion.chunk","created":17,"model":"m","choices":[{"index":1,"delta":{},"finish_reason":"length"}]}

data: [DONE]

)"},
      {Wire::anthropic, false, false, R"(event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":9}}

event: message_stop
data: {"type":"message_stop"}

)"},
  };
  for (const Row& row : rows) {
    cut.options.client = row.client;
    cut.options.include_usage = row.usage;
    std::string out;
    hub::write_cut(out, cut);
    CHECK(out == row.text);
  }
  cut.options.client = Wire::gemini;
  cut.options.json_array = true;
  std::string out;
  hub::write_cut(out, cut);
  CHECK(out.starts_with(",\r\n{\"candidates\":["));
  CHECK(out.ends_with("}]"));
  CHECK(out.find("\"finishReason\":\"MAX_TOKENS\"") != std::string::npos);
  CHECK(out.find("data:") == std::string::npos);
}

// Cut at every byte of the provider's stream the client's is whole: its own reader says so.
TEST_CASE("cut: a translated stream may be cut anywhere") {
  const std::string stream =
      "data: "
      "{\"id\":\"c1\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":"
      "\"assistant\",\"content\":\"\"}}]}\n\n"
      "data: "
      "{\"id\":\"c1\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
      "\"content\":"
      "\"one\"}}]}\n\n"
      "data: "
      "{\"id\":\"c1\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_"
      "calls\":["
      "{\"index\":0,\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
      "\"{\\\"a\"}}]}}"
      "]}\n\n";
  int cuts = 0;
  for (const Wire client : {Wire::anthropic, Wire::openai_responses, Wire::gemini}) {
    for (std::size_t end = 1; end <= stream.size(); ++end) {
      hub::BridgeOptions options;
      options.client = client;
      options.provider = Wire::openai_chat;
      hub::StreamBridge bridge(options);
      openai::TapOutput out;
      bridge.feed(std::string_view(stream).substr(0, end), out);
      std::string told;
      for (const std::string_view part : out.parts()) told += part;
      ReportedUsage usage;
      usage.completion = 3;
      usage.present = true;
      bridge.cut(usage, told);
      hub::BridgeOptions back;
      back.client = back.provider = client;
      hub::StreamBridge reader(back);
      reader.feed(told, out);
      CAPTURE(told);
      REQUIRE(reader.finish(out).has_value());
      REQUIRE(reader.phase() == openai::StreamPhase::done);
      if (reader.facts().content_seen) REQUIRE(reader.facts().finish == FinishReason::length);
      ++cuts;
    }
  }
  CHECK(cuts > 1'000);
}

}  // namespace
}  // namespace steelyard::dialect
