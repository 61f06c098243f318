// What a request allows of tools that run at the provider, and what of them an answer tells.
#include "gateway/dialect/server_tools.h"

#include <doctest/doctest.h>

#include <string>

#include "gateway/dialect/anthropic_usage.h"
#include "gateway/dialect/hub_wires.h"
#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/hub_support.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;

TEST_CASE("server tools: how many web searches a request allows") {
  struct Row {
    Wire wire;
    const char* rest;  // of the request
    std::int32_t allowed;
  };
  const Row rows[] = {
      {Wire::anthropic, "", 0},
      {Wire::anthropic, R"(,"tools":[{"name":"web_search","input_schema":{}}])", 0},
      {Wire::anthropic, R"(,"tools":[{"type":"web_search_20250305","name":"web_search"}])", -1},
      {Wire::anthropic,
       R"(,"tools":[{"name":"web_search","max_uses":5,"type":"web_search_20260318"}])", 5},
      {Wire::anthropic,
       R"(,"tools":[{"type":"web_search_20260318","name":"a","max_uses":2},)"
       R"({"type":"web_search_20250305","name":"b","max_uses":3}])",
       5},
      {Wire::anthropic, R"(,"tools":[{"type":"web_search_20260318","name":"a","max_uses":-2}])",
       -1},
      {Wire::anthropic, R"(,"tools":[{"type":"web_search_20260318","name":"a","max_uses":1e300}])",
       1'000},
      {Wire::anthropic, R"(,"tools":[{"type":"web_fetch_20260318","name":"a","max_uses":2}])", 0},
      {Wire::openai_responses, R"(,"tools":[{"type":"web_search"}])", -1},
      {Wire::openai_responses, R"(,"tools":[{"type":"web_search_preview"}],"max_tool_calls":3)", 3},
      {Wire::openai_responses, R"(,"tools":[{"type":"file_search"}],"max_tool_calls":3)", 0},
      {Wire::openai_responses, R"(,"tools":[{"type":"function","name":"web_search"}])", 0},
      {Wire::gemini, R"(,"tools":[{"googleSearch":{}}])", -1},
      {Wire::gemini, R"(,"tools":[{"google_search":{}},{"urlContext":{}}])", -1},
      {Wire::gemini, R"(,"tools":[{"urlContext":{}}])", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rest);
    std::string body = R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"a"}])";
    if (row.wire == Wire::openai_responses) body = R"({"model":"m","input":"a")";
    if (row.wire == Wire::gemini) body = R"({"contents":[{"parts":[{"text":"a"}]}])";
    body.append(row.rest).append("}");
    hub::RequestReaders parser;
    hub::Request request;
    REQUIRE(parser.parse(row.wire, body, request));
    CHECK(hub::web_searches_allowed(request) == row.allowed);
  }
}

TEST_CASE("server tools: those whose fees nobody knows") {
  struct Row {
    Wire wire;
    const char* tool;
    bool unpriced;
  };
  const Row rows[] = {
      {Wire::openai_responses, R"({"type":"file_search","vector_store_ids":["v"]})", true},
      {Wire::openai_responses, R"({"type":"code_interpreter","container":{"type":"auto"}})", true},
      {Wire::openai_responses, R"({"type":"image_generation"})", true},
      {Wire::openai_responses, R"({"type":"web_search"})", false},
      {Wire::openai_responses, R"({"type":"mcp","server_label":"s"})", false},
      {Wire::openai_responses, R"({"type":"function","name":"file_search"})", false},
      {Wire::anthropic, R"({"type":"code_execution_20260120","name":"code_execution"})", true},
      {Wire::anthropic, R"({"type":"web_fetch_20260318","name":"web_fetch"})", false},
      {Wire::anthropic, R"({"type":"text_editor_20250728","name":"edit"})", false},
      {Wire::gemini, R"({"googleMaps":{}})", true},
      {Wire::gemini, R"({"codeExecution":{}})", false},
      {Wire::gemini, R"({"code_execution":{}})", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.tool);
    std::string body = R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"a"}])";
    if (row.wire == Wire::openai_responses) body = R"({"model":"m","input":"a")";
    if (row.wire == Wire::gemini) body = R"({"contents":[{"parts":[{"text":"a"}]}])";
    body.append(R"(,"tools":[)").append(row.tool).append("]}");
    hub::RequestReaders readers;
    hub::Request request;
    REQUIRE(readers.parse(row.wire, body, request));
    CHECK(hub::has_unpriced_tools(request) == row.unpriced);
  }
}

TEST_CASE("server tools: an item of a response that OpenAI bills") {
  CHECK(hub::is_billed_search("web_search_call",
                              R"({"type":"web_search_call","status":"completed"})"));
  CHECK(hub::is_billed_search("web_search_call", R"({"action":{"query":"a","type":"search"}})"));
  CHECK_FALSE(
      hub::is_billed_search("web_search_call", R"({"action":{"type":"open_page","url":"u"}})"));
  CHECK_FALSE(hub::is_billed_search("web_search_call", R"({"action":{"type":"find_in_page"}})"));
  CHECK_FALSE(hub::is_billed_search("message", R"({"action":{"type":"search"}})"));
  CHECK(hub::grounding_queries(R"({"webSearchQueries":["a","b"],"groundingChunks":[]})") == 2);
  CHECK(hub::grounding_queries(R"({"groundingChunks":[{"web":{"uri":"u"}}]})") == 0);
  CHECK(hub::grounding_queries(R"({"webSearchQueries":"a"})") == 0);
}

TEST_CASE("server tools: usage told to an Anthropic client, and read from Anthropic") {
  anthropic::Usage usage;
  LenientReader reader(
      R"({"input_tokens":5,"output_tokens":2,"server_tool_use":{"web_search_requests":3}})");
  REQUIRE(anthropic::read_usage(reader, usage));
  const TokenUsage tokens = normalise(anthropic::reported(usage), {});
  CHECK(tokens.web_searches == 3);
  std::string text;
  hub::PieceWriter json(text);
  json.open('{');
  anthropic::write_usage(json, tokens, {});
  json.close('}');
  CHECK(text.ends_with(R"("output_tokens":2,"server_tool_use":{"web_search_requests":3}}})"));
  ReportedUsage absurd;
  absurd.web_searches = INT64_MAX;
  CHECK(normalise(absurd, {}).web_searches == web_searches_max);
  absurd.web_searches = -4;
  CHECK(normalise(absurd, {}).web_searches == 0);
}

}  // namespace
}  // namespace steelyard::dialect
