// Our own answers, each oddity once: goldens of what the other dialect's client gets, and how
// streams that do not end well are judged.
#include <doctest/doctest.h>

#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/anthropic_errors.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/hub_place.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_events.h"
#include "gateway/dialect/openai_response.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;

TEST_CASE("hub golden: answers of Anthropic for chat clients") {
  each_golden(
      "answer_",
      [](const std::string& folder) {
        const std::string given = read_file(folder + "/upstream.sse");
        openai::EncodeOptions options{"auto", 1'700'000'000, true, {}};
        std::string stream, body;
        openai::ChatStreamEncoder encoder(options, stream);
        hub::Placer placer(hub::Wire::openai_chat, encoder);
        OrderCheck order(&placer);
        run_messages(given, true, order);
        CHECK(order.fault() == "");
        openai::CompletionWriter writer(options);
        hub::Placer placer_of_whole(hub::Wire::openai_chat, writer);
        run_messages(given, true, placer_of_whole);
        if (writer.complete()) writer.write(body);
        check_golden(folder, "client.sse", stream);
        check_golden(folder, "client.json", body + "\n");
      },
      "chat_to_messages");
}

TEST_CASE("hub golden: answers of chat endpoints for Anthropic's clients") {
  each_golden(
      "answer_",
      [](const std::string& folder) {
        const std::string given = read_file(folder + "/upstream.sse");
        anthropic::EncodeOptions options{"auto", "req-1", {}};
        std::string stream, body;
        anthropic::StreamEncoder encoder(options, stream);
        hub::Placer placer(hub::Wire::anthropic, encoder);
        OrderCheck order(&placer);
        run_chat(given, true, order);
        CHECK(order.fault() == "");
        anthropic::MessageWriter writer(options);
        hub::Placer placer_of_whole(hub::Wire::anthropic, writer);
        run_chat(given, true, placer_of_whole);
        if (writer.complete()) writer.write(body);
        check_golden(folder, "client.sse", stream);
        check_golden(folder, "client.json", body + "\n");
      },
      "messages_to_chat");
}

struct Verdict {
  bool well;
  std::string context, log;
};

Verdict judge_messages(std::string_view stream) {
  EventLog log;
  anthropic::StreamDecoder decoder;
  decoder.be_strict();
  decoder.feed(stream, log);
  const Result<void> done = decoder.finish(log);
  if (!log.lost.empty()) log.lost.append_names(log.text += "lost ");
  return {done.has_value(), done ? "" : done.error().context, log.text};
}

// Deltas of a Messages stream.
std::string said(int index, const char* type, const char* key, const char* text) {
  return "data: {\"type\":\"content_block_delta\",\"index\":" + std::to_string(index) +
         ",\"delta\":{\"type\":\"" + type + "\",\"" + key + "\":\"" + text + "\"}}\n\n";
}
std::string said_text(int index, const char* text) {
  return said(index, "text_delta", "text", text);
}
std::string said_arguments(int index, const char* text) {
  return said(index, "input_json_delta", "partial_json", text);
}
std::string begun(int index, const char* block) {
  return "data: {\"type\":\"content_block_start\",\"index\":" + std::to_string(index) +
         ",\"content_block\":" + block + "}\n\n";
}
std::string over(int index) {
  return "data: {\"type\":\"content_block_stop\",\"index\":" + std::to_string(index) + "}\n\n";
}

TEST_CASE("hub: how a Messages stream ends") {
  const std::string start =
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n";
  const std::string stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  const char* const text = R"({"type":"text","text":""})";
  const char* const call = R"({"type":"tool_use","id":"c","name":"f","input":{}})";
  struct Row {
    const char* why;
    std::string stream;
    bool well;
    const char *context, *log;
  };
  const Row rows[] = {
      {"empty", "", false, "the provider's stream ended without message_stop", ""},
      {"cut", start, false, "the provider's stream ended without message_stop", "start m\n"},
      {"whole", start + stop, true, "", "start m\nend\n"},
      {"no blank line", start + "data: {\"type\":\"message_stop\"}", true, "", "start m\nend\n"},
      {"more after the end", start + stop + start, true, "", "start m\nend\n"},
      {"two starts", start + start + stop, true, "", "start m\nend\n"},
      {"unknown events", start + "event: new\ndata: {\"type\":\"new\"}\n\n" + stop, true, "",
       "start m\nend\n"},
      {"not JSON", start + "data: {\"type\":\n\n" + stop, false,
       "provider answered 200 server: an event of the stream is not valid JSON",
       "start m\nfault an event of the stream is not valid JSON\n"},
      {"an error",
       start +
           "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
           "\"message\":\"Overloaded\"}}\n\n" +
           stop,
       false, "provider answered 200 overloaded: Overloaded", "start m\nfault Overloaded\n"},
      {"deltas without their block",
       start + said_text(0, "x") + said_text(0, "y") + said(1, "thinking_delta", "thinking", "z") +
           said(1, "signature_delta", "signature", "S") + stop,
       true, "",
       "start m\nopen 0 text\ndelta 0 text x\ndelta 0 text y\nclose 0 text\nopen 1 thinking\n"
       "delta 1 thinking z\ndelta 1 thinking signature S\nclose 1 thinking\nend\n"},
      {"before the message", said_text(0, "x") + start + stop, true, "",
       "start\nopen 0 text\ndelta 0 text x\nclose 0 text\nend\n"},
      {"behind its block", start + begun(0, text) + over(0) + said_text(0, "x") + stop, true, "",
       "start m\nopen 0 text\nclose 0 text\nopen 1 text\ndelta 1 text x\nclose 1 text\nend\n"},
      {"nothing without its block", start + said_text(0, "") + stop, true, "", "start m\nend\n"},
      {"words beside a call",
       start + begun(0, call) + said_arguments(0, "{}") + said_text(1, "x") + stop, true, "",
       "start m\nopen 0 tool_call c f\ndelta 0 tool_call {}\nclose 0 tool_call\nopen 1 text\n"
       "delta 1 text x\nclose 1 text\nend\n"},
      {"inside of a block that went whole",
       start + begun(0, R"({"type":"server_tool_use"})") + said_arguments(0, "{") + over(0) + stop,
       true, "", "start m\nopen 0 native {\"type\":\"server_tool_use\"}\nclose 0 native\nend\n"},
      {"arguments behind their call",
       start + begun(0, call) + said_arguments(0, "{}") + over(0) + said_arguments(0, "x") + stop,
       true, "",
       "start m\nopen 0 tool_call c f\ndelta 0 tool_call {}\nclose 0 tool_call\nend\n"
       "lost tool_arguments"},
      {"arguments without their call", start + said_arguments(0, "{}") + stop, false,
       "provider answered 200 server: the stream has arguments of a call without its name",
       "start m\nfault the stream has arguments of a call without its name\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Verdict verdict = judge_messages(row.stream);
    CHECK(verdict.well == row.well);
    CHECK(verdict.context == row.context);
    CHECK(verdict.log == row.log);
  }
}

TEST_CASE("hub: how a chat stream ends") {
  const std::string chunk =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
  const std::string finish =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}"
      "\n\n";
  struct Row {
    const char* why;
    std::string stream;
    bool lenient, well;
    const char* last;  // of the log
  };
  const Row rows[] = {
      {"cut", chunk, true, false, "delta 0 text x\n"},
      {"finished, without [DONE]", chunk + finish, false, false, "stop 3\n"},
      {"where that is the end", chunk + finish, true, true, "stop 3\nend\n"},
      {"[DONE] without its line end", chunk + finish + "data: [DONE]", false, true,
       "stop 3\nend\n"},
      {"[DONE] without a reason", chunk + "data: [DONE]\n\n", false, true, "stop 0\nend\n"},
      {"the reason twice", chunk + finish + finish + "data: [DONE]\n\n", false, true,
       "stop 3\nend\n"},
      {"an error", chunk + "data: {\"error\":{\"message\":\"no\"}}\n\n", true, false, "fault no\n"},
      {"arguments without their call",
       "data: "
       "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]}}]}\n\n"
       "data: [DONE]\n\n",
       false, false, "fault the stream has arguments of a call without its name\n"},
      {"a named error", chunk + "event: error\ndata: {\"message\":\"no\"}\n\n", true, false,
       "fault no\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    EventLog log;
    openai::ChatStreamDecoder decoder(openai::ChatDecoderOptions{row.lenient});
    decoder.be_strict();
    decoder.feed(row.stream, log);
    CHECK(decoder.finish(log).has_value() == row.well);
    CAPTURE(log.text);
    CHECK(log.text.ends_with(row.last));
  }
}

TEST_CASE("hub: errors in Anthropic's words") {
  struct Row {
    int status;
    const char* body;
    int told;
    const char* text;
  };
  const Row rows[] = {
      {429, R"({"error":{"message":"slow \"down\"","code":"rate_limit_exceeded"}})", 429,
       R"({"type":"error","error":{"type":"rate_limit_error","message":"slow \"down\""},"request_id":"r"})"},
      {400, R"({"error":{"message":"This model's maximum context length is 5 tokens."}})", 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: This model's maximum context length is 5 tokens."},"request_id":"r"})"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 5 maximum"}})",
       400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 5 maximum"},"request_id":"r"})"},
      {401, R"({"error":{"message":"Incorrect API key provided: sk-12"}})", 502,
       R"({"type":"error","error":{"type":"api_error","message":"the provider refused the gateway's key"},"request_id":"r"})"},
      {503, "<html>busy</html>", 529,
       R"({"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":"r"})"},
      {413, R"({"error":{"message":"big"}})", 413,
       R"({"type":"error","error":{"type":"request_too_large","message":"big"},"request_id":"r"})"},
      {500, "", 500,
       R"({"type":"error","error":{"type":"api_error","message":"server"},"request_id":"r"})"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const UpstreamFault fault = openai::parse_error(row.status, row.body);
    std::string out;
    anthropic::write_fault(out, fault, row.status, "r");
    CHECK(out == row.text);
    CHECK(anthropic::reply_for(fault.cls, row.status).status == row.told);
  }
}

TEST_CASE("hub: the gateway's own errors for Anthropic's clients") {
  const Error refused(ErrorKind::over_budget, ErrorSource::gateway, Retry::never, "no money");
  std::string out;
  ErrorExtras extras;
  extras.request_id = "r";
  anthropic::write_error(out, refused, extras);
  CHECK(
      out ==
      R"({"type":"error","error":{"type":"rate_limit_error","message":"no money"},"request_id":"r"})");
  BudgetDetails budget{"acme", "day", {5}, {4}, {0}, std::nullopt};
  extras.budget = &budget;
  extras.refusal_status = 402;
  out.clear();
  anthropic::write_sse_error(out, refused, extras);
  CHECK(out ==
        "event: error\ndata: "
        R"({"type":"error","error":{"type":"billing_error","message":"no money","steelyard":)"
        R"({"budget":"acme","per":"day","limit_nano_usd":5,"spent_nano_usd":4,"held_nano_usd":0}})"
        ",\"request_id\":\"r\"}\n\n");
  CHECK(anthropic::reply_for(ErrorKind::overloaded).status == 529);
  CHECK(anthropic::reply_for(ErrorKind::over_budget, 402).status == 402);
}

}  // namespace
}  // namespace steelyard::dialect
