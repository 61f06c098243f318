// Count requests of two dialects, and tools as they are shown to a model.
#include <doctest/doctest.h>

#include <string>

#include "gateway/dialect/anthropic_count.h"
#include "gateway/dialect/gemini_count.h"
#include "gateway/dialect/schema_listing.h"
#include "gateway/dialect/tool_listing.h"

using namespace steelyard;
using dialect::CountRequest;

TEST_CASE("count request: what Anthropic's shape holds") {
  CountRequest r;
  REQUIRE(dialect::anthropic::read_count_request(
      R"({"model":"m","system":"S","tools":[{"name":"a"},{"name":"b"}],"messages":[)"
      R"({"role":"user","content":[{"source":{"type":"base64","data":"QUJD"},"type":"image"},)"
      R"({"type":"document","source":{"type":"text","data":"words"}},{"type":"text","text":"T"}]},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"no","signature":"x"},)"
      R"({"type":"tool_use","id":"1","name":"a","input":{"k":1}},)"
      R"({"type":"tool_use","id":"2","name":"b","input":{}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[)"
      R"({"type":"text","text":"R"}]}]}]})",
      r));
  CHECK(r.model == "m");
  CHECK(r.texts == std::vector<std::string_view>{"S", "words", "T", "a", "b", "R"});
  CHECK(r.values == std::vector<std::string_view>{R"({"k":1})", "{}"});
  CHECK(r.messages == 3);
  CHECK(r.replies == 1);
  CHECK(r.tool_calls == 2);
  CHECK(r.parallel_calls == 1);
  CHECK(r.tool_count == 2);
  REQUIRE(r.media.size() == 1);
  CHECK(r.media[0].kind == dialect::MediaKind::image);
  CHECK(r.media[0].raw == "QUJD");
}

TEST_CASE("count request: what Gemini's shape holds") {
  CountRequest r;
  REQUIRE(dialect::gemini::read_count_request(
      R"({"system_instruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[)"
      R"({"inlineData":{"mimeType":"audio/wav","data":"QUJD"}},{"text":"T"}]},)"
      R"({"role":"model","parts":[{"functionCall":{"name":"a","args":{}}}]}],)"
      R"("tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"a"}]}]})",
      r));
  CHECK(r.texts == std::vector<std::string_view>{"S", "T"});
  CHECK(r.values.size() == 1);
  CHECK(r.messages == 2);
  CHECK(r.replies == 1);
  CHECK(r.tool_calls == 1);
  CHECK(r.tool_count == 1);
  REQUIRE(r.media.size() == 1);
  CHECK(r.media[0].kind == dialect::MediaKind::audio);
}

TEST_CASE("count request: what is not counted has a name") {
  struct Row {
    bool anthropic;
    std::string_view body, losses, fields;
  };
  const Row rows[] = {
      {true,
       R"({"model":"m","max_tokens":5,"thinking":{},"messages":[{"role":"user","content":"x"}]})",
       "", ""},
      {true,
       R"({"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","data":"x"}},)"
       R"({"type":"tool_result","content":[{"type":"text","text":"x"}]}]}]})",
       "", ""},
      {true,
       R"({"mcp_servers":[{"url":"u"}],"container":null,"messages":[{"role":"assistant","content":[)"
       R"({"type":"thinking","thinking":"x"},{"type":"compaction","content":"x"}]}]})",
       "thinking,native_parts", "field.mcp_servers"},
      {false,
       R"({"contents":{"parts":[{"text":"x","thought":true},{"functionCall":{}}]},"safetySettings":[]})",
       "", ""},
      {false,
       R"({"generateContentRequest":{"model":"m","cachedContent":"c","tools":[{"googleSearch":{}}],)"
       R"("contents":[{"parts":[{"executableCode":{"code":"x"}}]}]}})",
       "tools,native_parts", "field.cachedContent"},
  };
  CountRequest r;
  for (const Row& row : rows) {
    CAPTURE(row.body);
    REQUIRE((row.anthropic ? dialect::anthropic::read_count_request(row.body, r)
                           : dialect::gemini::read_count_request(row.body, r)));
    std::string losses;
    r.uncounted.append_names(losses);
    CHECK(losses == row.losses);
    CHECK(r.unknown.names() == row.fields);
  }
}

TEST_CASE("count request: bad input says what is wrong") {
  CountRequest r;
  const std::string deep = std::string(5'000, '[');
  for (const std::string& body :
       {std::string(""), std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"messages":{}})"), std::string(R"({"messages":[1]})"),
        std::string(R"({"messages":[]} x)"), R"({"messages":)" + deep}) {
    CAPTURE(body.substr(0, 40));
    const Result<void> read = dialect::anthropic::read_count_request(body, r);
    REQUIRE(!read);
    CHECK(read.error().kind == ErrorKind::bad_request);
    CHECK(!read.error().context.empty());
    CHECK(!dialect::gemini::read_count_request(body, r));
  }
}

TEST_CASE("tool listing: TypeScript, comments only where there are any") {
  std::string out;
  REQUIRE(dialect::write_tool_listing(
      out,
      R"([{"type":"function","function":{"name":"add","description":"Adds.","parameters":)"
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":["string","null"]}},)"
      R"("required":["a"]}}},{"type":"function","function":{"name":"find","parameters":{"$defs":)"
      R"({"P":{"type":"object","properties":{"x":{"type":"number","description":"X \"q\""}}}},)"
      R"("properties":{"p":{"$ref":"#/$defs/P","title":"Point"},"k":{"enum":["u","v"],)"
      R"("default":"u"},"l":{"type":"array","items":{"type":"boolean"}}}}}},)"
      R"({"type":"function","function":{"name":"now"}},{"type":"web_search"}])"));
  CHECK(out ==
        "namespace functions {\n\n// Adds.\ntype add = (_: { a: number, b?: string | null }) => "
        "any;\n\ntype find = (_: {\n// Point\np?: {\n// X \"q\"\nx?: number,\n},\nk?: \"u\" | "
        "\"v\", // default: u\nl?: boolean[],\n}) => any;\n\ntype now = () => any;\n\n} // "
        "namespace functions");
}

TEST_CASE("tool listing: bounds of numbers stand in a comment of their own") {
  std::string out;
  REQUIRE(dialect::write_tool_listing(
      out, R"([{"name":"f","parameters":{"properties":{"a":{"type":"integer","minimum":1,)"
           R"("maximum":9,"description":"A."},"b":{"type":"number","maximum":2.5}}}}])"));
  CHECK(out ==
        "namespace functions {\n\ntype f = (_: {\n// A.\n// minimum: 1, maximum: 9\na?: number,\n"
        "// maximum: 2.5\nb?: number,\n}) => any;\n\n} // namespace functions");
}

TEST_CASE("schema listing: JSON without blanks and without what models are not shown") {
  std::string out;
  REQUIRE(dialect::write_schema_listing(
      out,
      R"({"type": "json_schema", "json_schema": {"name": "Book", "strict": true,)"
      R"( "description": "A \"book\"", "schema": {"type": "object", "properties":)"
      R"( {"required": {"type": "string", "description": "caf\u00e9 — 😀"}, "n": {"minimum": 1,)"
      R"( "anyOf": [{"type": "integer"}, {"type": "null", "default": null}]}},)"
      R"( "required": ["n"], "additionalProperties": false}}})"));
  CHECK(out ==
        "# Response Formats\n\n## Book\n\n// A \"book\"\n"
        R"({"type":"object","properties":{"required":{"type":"string",)"
        R"("description":"caf\u00e9 \u2014 \ud83d\ude00"},"n":{"anyOf":[{"type":"integer"},)"
        R"({"type":"null"}]}}})");
  out.clear();
  REQUIRE(dialect::write_schema_listing(
      out, R"({"type":"json_schema","name":"flat","schema":{"type":"object"}})"));
  CHECK(out == "# Response Formats\n\n## flat\n\n{\"type\":\"object\"}");
}

TEST_CASE("schema listing: what is no schema, cut short, or too deep") {
  std::string deep = R"({"schema":)";
  for (int i = 0; i < 100; ++i) deep += R"({"a":)";
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("7"), std::string(R"({"schema":)"),
        std::string(R"({"schema":{"a")"), std::string(R"({"json_schema":{"name":"x"}})"), deep}) {
    std::string out;
    CAPTURE(bad.substr(0, 40));
    CHECK(!dialect::write_schema_listing(out, bad));
  }
}

TEST_CASE("tool listing: what is no such array, or turns in circles") {
  std::string out;
  for (const char* bad : {"", "{}", "[", "[{]"}) CHECK(!dialect::write_tool_listing(out, bad));
  out.clear();
  CHECK(dialect::write_tool_listing(
      out, R"([{"name":"f","parameters":{"properties":{"a":{"$ref":"#"}}}}])"));
  CHECK(out.size() < 10'000);
}
