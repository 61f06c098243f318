// Our own requests, each feature once, as the other dialect sends them: bodies and what is told to
// be lost. Then bad input.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/splice.h"
#include "tests/unit/dialect/hub_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;

TEST_CASE("hub golden: chat requests for Anthropic") {
  each_golden(
      "request_",
      [](const std::string& folder) {
        hub::Request request;
        const std::string given = read_file(folder + "/request.json");
        REQUIRE(read_chat(given, request) == "");
        hub::Dropped dropped;
        const std::string body = as_messages(request, dropped, usual_messages());
        CHECK(fault_of_messages(body) == "");
        check_golden(folder, "upstream.json", body + "\n");
        check_golden(folder, "dropped.txt", names(dropped) + "\n");
      },
      "chat_to_messages");
}

TEST_CASE("hub golden: Messages requests for a chat endpoint") {
  each_golden(
      "request_",
      [](const std::string& folder) {
        hub::Request request;
        const std::string given = read_file(folder + "/request.json");
        REQUIRE(read_messages(given, request) == "");
        hub::Dropped dropped;
        const std::string body = as_chat(request, dropped, usual_chat());
        CHECK(fault_of_chat(body) == "");
        check_golden(folder, "upstream.json", body + "\n");
        check_golden(folder, "dropped.txt", names(dropped) + "\n");
        hub::FactsRoom room;
        ChatRequest facts;
        hub::fill_facts(request, room, facts);
        check_golden(folder, "facts.json", to_json(facts));
      },
      "messages_to_chat");
}

TEST_CASE("hub: what a model takes decides what is written") {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"temperature":0.5,"top_p":1,)"
      R"("reasoning_effort":"EFFORT","max_tokens":LIMIT,"tools":[{"type":"function","function":)"
      R"({"name":"f"}}],"tool_choice":"CHOICE"})";
  const auto with = [&](std::string_view effort, std::string_view limit, std::string_view choice) {
    std::string out = body;
    out.replace(out.find("EFFORT"), 6, effort);
    out.replace(out.find("LIMIT"), 5, limit);
    out.replace(out.find("CHOICE"), 6, choice);
    return out;
  };
  struct Row {
    const char *why, *effort, *limit, *choice;
    anthropic::ThinkingStyle style;
    bool sampling, forced, can_disable;
    const char *holds, *lacks, *dropped;
  };
  using enum anthropic::ThinkingStyle;
  const Row rows[] = {
      {"adaptive", "max", "9000", "auto", adaptive, true, true, true,
       R"("thinking":{"type":"adaptive"},"output_config":{"effort":"max"})", "temperature",
       "temperature,top_p"},
      {"a budget below the limit", "high", "9000", "auto", budget, true, true, true,
       R"("thinking":{"type":"enabled","budget_tokens":4500})", "effort", "temperature,top_p"},
      {"no room for a budget", "high", "1500", "auto", budget, true, true, true, "temperature",
       "thinking", "reasoning"},
      {"off", "none", "9000", "auto", adaptive, true, true, true,
       R"("thinking":{"type":"disabled"})", "effort", ""},
      {"cannot be off", "none", "9000", "auto", adaptive, false, true, false, "max_tokens",
       "thinking", "temperature,top_p,reasoning"},
      {"does not think", "low", "9000", "auto", none, true, true, true, "0.5", "thinking",
       "reasoning"},
      {"a forced call wins over thinking", "low", "9000", "required", adaptive, true, true, true,
       R"("tool_choice":{"type":"any"})", "thinking", "reasoning"},
      {"unless it cannot be forced", "low", "9000", "required", adaptive, true, false, true,
       R"("tool_choice":{"type":"auto"},"thinking":{"type":"adaptive"})", "any",
       "temperature,top_p,tool_choice"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    hub::Request request;
    const std::string given = with(row.effort, row.limit, row.choice);
    REQUIRE(read_chat(given, request) == "");
    anthropic::WriteOptions options = usual_messages();
    options.thinking = row.style;
    options.sampling = row.sampling;
    options.forced_tool_choice = row.forced;
    options.can_disable_thinking = row.can_disable;
    hub::Dropped dropped;
    const std::string out = as_messages(request, dropped, options);
    CAPTURE(out);
    CHECK(fault_of_messages(out) == "");
    CHECK(out.find(row.holds) != std::string::npos);
    CHECK(out.find(row.lacks) == std::string::npos);
    CHECK(names(dropped) == row.dropped);
  }
}

TEST_CASE("hub: bad Messages requests are refused by place") {
  struct Row {
    const char *body, *problem;
  };
  const Row rows[] = {
      {"", "the request body is not valid JSON: it is empty"},
      {"[]", "the request body must be a JSON object"},
      {R"({"messages":[{"role":"user","content":"x"}]})", "`/model` is missing"},
      {R"({"model":"m"})", "`/messages` is missing"},
      {R"({"model":"m","messages":[]})", "`/messages` must not be empty"},
      {R"({"model":"m","model":"n","messages":[]})", "`/model` is given twice"},
      {R"({"mod\u0065l":"m","messages":[]})", "`/model` must be spelled without escapes"},
      {R"({"model":"m\n","messages":[]})",
       "`/model` must be a model name: 1 to 128 letters, digits or ._:/@+-, a letter or digit "
       "first"},
      {R"({"model":"m","messages":[{"role":"tool","content":"x"}]})",
       "`/messages/0/role` must be \"user\", \"assistant\" or \"system\""},
      {R"({"model":"m","messages":[{"role":"user"}]})", "`/messages/0/content` is missing"},
      {R"({"model":"m","messages":[{"role":"user","content":7}]})",
       "`/messages/0/content` must be a string or an array of blocks"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"text":"x"}]}]})",
       "`/messages/0/content/0/type` must be a string"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]})",
       "`/messages/0/content/0/text` must be a string"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"tool_use","id":"a","name":"f","input":"{}"}]}]})",
       "`/messages/0/content/0/input` must be an object"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":null}]}]}]})",
       "`/messages/0/content/0/content/0/text` must be a string"},
      {R"({"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"x"}]})",
       "`/max_tokens` must be from 0 to 2147483648"},
      {R"({"model":"m","tools":[{"name":"","input_schema":{}}],"messages":[]})",
       "`/tools/0/name` must be a string that is not empty"},
      {R"({"model":"m","tool_choice":{"type":"tool"},"messages":[]})",
       "`/tool_choice/name` must be a string that is not empty"},
      {R"({"model":"m","thinking":{"type":"enabled","budget_tokens":"1k"},"messages":[]})",
       "`/thinking/budget_tokens` must be an integer"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}]} x)",
       "the request body goes on after its end"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"})",
       "the request body is not valid JSON: the structure is broken at byte 54"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    hub::Request request;
    CHECK(read_messages(row.body, request) == row.problem);
  }
}

TEST_CASE("hub: bad chat requests are refused by place") {
  const std::string head = R"({"model":"m","messages":[)";
  struct Row {
    const char *message, *problem;
  };
  const Row rows[] = {
      {R"({"content":"x"})", "`/messages/0/role` is missing"},
      {R"({"role":"wizard","content":"x"})",
       "`/messages/0/role` is not a role the gateway can translate"},
      {R"({"role":"tool","content":"x"})", "`/messages/0/tool_call_id` is missing"},
      {R"({"role":"assistant","tool_calls":[{"function":{"name":"f"}}]})",
       "`/messages/0/tool_calls/0/id` is missing"},
      {R"({"role":"assistant","tool_calls":[{"id":"a"}]})",
       "`/messages/0/tool_calls/0/function` has no name"},
      {R"({"role":"user","content":[{"type":"image_url"}]})",
       "`/messages/0/content/0/image_url` is missing"},
      {R"({"role":"user","content":[{"type":"image_url","image_url":{"detail":"low"}}]})",
       "`/messages/0/content/0/image_url` holds neither a URL nor data"},
      {R"({"role":"user","content":["x"]})", "`/messages/0/content/0` must be an object"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    hub::Request request;
    CHECK(read_chat(head + row.message + "]}", request) == row.problem);
  }
}

TEST_CASE("hub: a Messages body that stays in its dialect is spliced, not written again") {
  struct Row {
    const char* body;
    std::int64_t cap;
    const char* sent;
  };
  const Row rows[] = {
      {R"({ "model" : "a", "max_tokens": 900, "x":[ 1.0,{}],"messages":[{"role":"user","content":"\u0041"}]})",
       500,
       R"({ "model" : "vendor/b", "max_tokens": 500, "x":[ 1.0,{}],"messages":[{"role":"user","content":"\u0041"}]})"},
      {R"({"messages":[{"role":"user","content":"x"}],"model":"a"})", 4096,
       R"({"max_tokens":4096,"messages":[{"role":"user","content":"x"}],"model":"vendor/b"})"},
      // A cache prewarm stays one.
      {R"({"max_tokens":0,"messages":[{"role":"user","content":"x"}],"model":"a"})", 4096,
       R"({"max_tokens":0,"messages":[{"role":"user","content":"x"}],"model":"vendor/b"})"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    hub::Request request;
    hub::FactsRoom room;
    ChatRequest facts;
    REQUIRE(read_messages(row.body, request) == "");
    hub::fill_facts(request, room, facts);
    SplicedBody spliced;
    BodyEdits edits;
    edits.model = "vendor/b";
    edits.output_tokens_max = row.cap;
    REQUIRE(spliced.build(facts, edits).has_value());
    std::string sent;
    for (const std::string_view part : spliced.parts()) sent += part;
    CHECK(sent == row.sent);
  }
}

}  // namespace
}  // namespace steelyard::dialect
