#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

#include "gateway/mock/answer_plan.h"
#include "gateway/mock/chat_request.h"
#include "gateway/mock/pieces.h"
#include "gateway/mock/stream_script.h"
#include "tests/unit/mock/client.h"

using namespace steelyard::mock;

namespace {

const char* parse(const std::string& body, ChatRequest& out) {
  static ChatParser parser;
  std::string padded = body;
  padded.reserve(body.size() + ChatParser::kBodyPadding);
  return parser.parse(padded, true, out);
}

std::string instance(const std::string& schema) {
  simdjson::dom::parser parser;
  std::string out;
  append_instance(out, parser.parse(schema).value());
  return out;
}

}  // namespace

TEST_CASE("pieces: nothing is lost and nothing is cut inside a character") {
  const std::string text = "  Grüße,\n\nliebe   Welt \xF0\x9F\x98\x80\xF0\x9F\x98\x80 ende ";
  for (PieceKind kind : {PieceKind::words, PieceKind::bytes}) {
    Pieces pieces(kind, text);
    std::string joined;
    std::int64_t count = 0;
    for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
      CHECK((static_cast<unsigned char>(piece[0]) & 0xC0) != 0x80);
      joined += piece;
      ++count;
    }
    CHECK(joined == text);
    CHECK(count_pieces(kind, text) == count);
  }
  Pieces endless(PieceKind::question, " hi there");
  std::string start;
  for (int i = 0; i < 5; ++i) start += endless.next();
  CHECK(start == "You asked: hi there This");
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(endless.next().empty());
}

TEST_CASE("request: facts, in any order of fields") {
  ChatRequest request;
  REQUIRE(parse(R"({"stream":true,"messages":[{"role":"system","content":"abcd"},
      {"content":[{"type":"text","text":"é\n"},{"type":"image_url","image_url":{"url":"data:x"}}],
       "role":"user"},{"role":"assistant","content":null,"tool_calls":[]}],
      "stream_options":{"include_usage":true},"n":2,"max_tokens":9,"max_completion_tokens":5,
      "unknown":{"a":[1,2]},"model":"m/ü"})",
                request) == nullptr);
  CHECK(request.model == "m/ü");
  CHECK(request.stream);
  CHECK(request.include_usage);
  CHECK(request.choices == 2);
  CHECK(request.max_tokens == 5);
  CHECK(request.prompt_bytes == 7);
  CHECK(request.question == " é\n");
}

TEST_CASE("request: tools, tool_choice, response_format") {
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"first","parameters":{"type":"object",
      "properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":3},
      "unit":{"enum":["c","f"]}},"required":["city","unit"]}}},
      {"type":"function","function":{"name":"second"}}])";
  const std::string base = R"({"model":"m","messages":[{"role":"user","content":"x"}],)" + tools;
  ChatRequest request;
  REQUIRE(parse(base + "}", request) == nullptr);
  CHECK(request.tool_name == "first");
  CHECK(request.tool_arguments == R"({"city":"mock","unit":"c"})");
  CHECK_FALSE(request.tool_required);
  REQUIRE(parse(base + R"(,"tool_choice": "required" })", request) == nullptr);
  CHECK(request.tool_required);
  REQUIRE(parse(base + R"(,"tool_choice":{"type":"function","function":{"name":"second"}}})",
                request) == nullptr);
  CHECK(request.tool_name == "second");
  CHECK(request.tool_arguments == "{}");
  REQUIRE(parse(base + R"(,"response_format":{"type":"json_schema","json_schema":{"name":"s",
      "schema":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}}}})",
                request) == nullptr);
  CHECK(request.wants_json);
  CHECK(request.json_instance == R"({"ok":true})");
}

TEST_CASE("request: refused") {
  const char* const rows[] = {
      "",
      "null",
      "[]",
      "{",
      "{}",
      R"({"model":"m"})",
      R"({"messages":[]})",
      R"({"model":"m","messages":[]})",
      R"({"model":"m","messages":{}})",
      R"({"model":"m","messages":["x"]})",
      R"({"model":"m","messages":[{"content":"x"}]})",
      R"({"model":"m","messages":[{"role":"user","content":5}]})",
      R"({"model":7,"messages":[{"role":"user","content":"x"}]})",
      R"({"model":"","messages":[{"role":"user","content":"x"}]})",
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream":"yes"})",
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":0})",
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":-1})",
      R"({"model":"m","messages":[{"role":"user","content":"x"}]} {})",
  };
  for (const std::string row : rows) {
    CAPTURE(row);
    ChatRequest request;
    CHECK(parse(row, request) != nullptr);
  }
}

TEST_CASE("request: the directive is the object at the start of the last user message") {
  const auto content = [](const std::string& escaped) {
    return R"({"model":"m","messages":[{"role":"user","content":"{\"mock\":{\"status\":500}}"},
        {"role":"user","content":")" +
           escaped + R"("}]})";
  };
  ChatRequest request;
  REQUIRE(parse(content(R"({\"mock\":{\"text\":\"}\\\"{\",\"latency_ms\":5}} go)"), request) ==
          nullptr);
  CHECK(request.directive == R"({"text":"}\"{","latency_ms":5})");
  CHECK(request.question == " go");
  REQUIRE(parse(content(R"( {\"mock\":{\"latency_ms\":5}})"), request) == nullptr);
  CHECK(request.directive.empty());
  REQUIRE(parse(content(R"({\"mock\":{\"latency_ms\":5})"), request) == nullptr);
  CHECK(request.directive.empty());
}

TEST_CASE("schema: the smallest value that fits") {
  struct Row {
    std::string schema;
    const char* value;
  };
  const Row rows[] = {
      {R"({"type":"string"})", R"("mock")"},
      {R"({"type":"string","minLength":6})", R"("mockkk")"},
      {R"({"type":["null","integer"]})", "1"},
      {R"({"type":"number","minimum":2.5})", "2.5"},
      {R"({"const":{"a":[1]}})", R"({"a":[1]})"},
      {R"({"enum":[]})", "null"},
      {R"({"anyOf":[{"type":"boolean"},{"type":"null"}]})", "true"},
      {R"({"type":"array","items":{"type":"integer"},"minItems":2})", "[1,1]"},
      {R"({"type":"array"})", "[]"},
      {R"({"properties":{"a\"b":{"type":"string"}}})", R"({"a\"b":"mock"})"},
      {R"({"type":"object","properties":{"a":{}},"required":[]})", "{}"},
      {"true", "null"},
      {"7", "null"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.schema);
    CHECK(instance(row.schema) == row.value);
  }
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += R"({"anyOf":[)";
  deep += "{}";
  for (int i = 0; i < 200; ++i) deep += "]}";
  CHECK(instance(deep) == "null");
}

TEST_CASE("a stream says the same as the whole answer") {
  const char* const behaviours[] = {
      R"({})",
      R"({"answer":"tool_call","tool_calls":3})",
      R"({"answer":"refusal"})",
      R"({"answer":"json"})",
      R"({"answer":"invalid_json"})",
      R"({"answer":"empty"})",
      R"({"text":"a \"quoted\"\n text","tokens_per_chunk":2,"reasoning_tokens":50})",
      R"({"output_tokens":1000,"tokens_per_chunk":7})"};
  for (const std::string json : behaviours) {
    for (const std::string limit : {"", ",\"max_tokens\":9", ",\"max_tokens\":0"}) {
      CAPTURE(json);
      CAPTURE(limit);
      Behaviour behaviour;
      REQUIRE(apply_behaviour(behaviour, json).has_value());
      ChatRequest request;
      REQUIRE(parse(std::string(R"({"model":"m","n":2,"messages":[{"role":"user","content":"hi"}],
          "tools":[{"function":{"name":"f","parameters":{"const":{"k":"value \"v\""}}}}])") +
                        limit + "}",
                    request) == nullptr);
      std::string made;
      const AnswerPlan plan = plan_answer(request, behaviour, made);
      const AnswerNames names{"chatcmpl-1", "m", 5};
      std::string whole;
      append_completion(whole, names, plan, behaviour);
      simdjson::dom::parser parser;
      const simdjson::dom::element body = parser.parse(whole).value();
      StreamScript script;
      script.start(names, plan, behaviour, Fault::none, true);
      std::string sse;
      while (!script.done()) script.next(sse);
      CHECK(script.output() == plan.output());
      std::string content, refusal, arguments;
      std::int64_t calls = 0;
      for (const std::string& event : test::events(sse)) {
        if (event == "[DONE]") continue;
        simdjson::dom::parser each;
        const simdjson::dom::element chunk = each.parse(event).value();
        std::string_view text;
        if (chunk.at_pointer("/choices/0/index").get_int64().value_unsafe() != 1) continue;
        if (!chunk.at_pointer("/choices/0/delta/content").get(text)) content += text;
        if (!chunk.at_pointer("/choices/0/delta/refusal").get(text)) refusal += text;
        calls += !chunk.at_pointer("/choices/0/delta/tool_calls/0/id").error();
        if (!chunk.at_pointer("/choices/0/delta/tool_calls/0/function/arguments").get(text)) {
          arguments += text;
        }
      }
      std::string_view text;
      if (body.at_pointer("/choices/1/message/content").get(text)) text = {};
      CHECK(content == text);
      if (body.at_pointer("/choices/1/message/refusal").get(text)) text = {};
      CHECK(refusal == text);
      std::string expected;
      simdjson::dom::array list;
      if (body.at_pointer("/choices/1/message/tool_calls").get(list) == simdjson::SUCCESS) {
        for (auto call : list)
          expected += call.at_pointer("/function/arguments").get_string().value();
        CHECK(calls == static_cast<std::int64_t>(list.size()));
      }
      CHECK(arguments == expected);
      const std::int64_t tokens = body.at_pointer("/usage/completion_tokens").get_int64().value();
      CHECK(tokens == plan.output());
    }
  }
}
