// Fields that no reader knows, by their names, wherever they stand in a request.
#include <doctest/doctest.h>

#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/lost_fields.h"

namespace steelyard::dialect {
namespace {

using hub::Wire;

TEST_CASE("lost fields: told where they stand in messages, calls, tools and settings") {
  struct Row {
    Wire wire;
    std::string_view body, names;
  };
  const Row rows[] = {
      {Wire::openai_chat,
       R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x","b":1}],"a":1},)"
       R"({"role":"assistant","id":"m1","prefix":false,"annotations":[{}],"tool_calls":[{"id":"c","index":0,)"
       R"("type":"function","c":1,"function":{"name":"f","arguments":"{}","d":1}}]},)"
       R"({"role":"tool","tool_call_id":"c","content":[{"type":"odd","e":1}]}],)"
       R"("tools":[{"type":"function","f":1,"function":{"name":"f","g":1}},{"type":"odd","h":1}]})",
       "field.b,field.a,field.c,field.d,field.f,field.g"},
      {Wire::anthropic,
       R"({"model":"m","max_tokens":9,"thinking":{"type":"adaptive","display":"omitted","a":1},)"
       R"("messages":[{"role":"user","content":[{"type":"text","text":"x","b":1}]},)"
       R"({"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"z":1},)"
       R"("caller":{"type":"direct"}},{"type":"server_tool_use","id":"s","name":"w","input":{},"e":1}]},)"
       R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":)"
       R"([{"type":"text","text":"x","d":1}]}]}],)"
       R"("tools":[{"name":"f","input_schema":{"z":1},"defer_loading":true},)"
       R"({"type":"web_search_20260209","name":"w","e":1}]})",
       "field.a,field.b,field.d,field.defer_loading"},
      {Wire::openai_responses,
       R"({"model":"m","reasoning":{"effort":"low","a":1},"input":[{"role":"user","content":)"
       R"([{"type":"input_text","text":"x","b":1}]},)"
       R"({"type":"message","role":"assistant","status":"completed","phase":"commentary","content":"x","c":{}},)"
       R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}","d":1},)"
       R"({"type":"web_search_call","id":"s","action":{},"e":1}],)"
       R"("tools":[{"type":"function","name":"f","f":"x"},{"type":"web_search","e":1}]})",
       "field.a,field.b,field.d,field.f"},
      {Wire::gemini,
       R"({"contents":[{"role":"user","a":1,"parts":[{"text":"x","b":1},{"odd":{},"e":1},)"
       R"({"inlineData":{"mimeType":"image/png","data":"AAAA","c":1},"videoMetadata":{"fps":1}}]},)"
       R"({"role":"model","parts":[{"functionCall":{"name":"f","args":{"z":1},"willContinue":false},)"
       R"("partMetadata":{"x":1}}]}]})",
       "field.a,field.b,field.c,field.videoMetadata"},
  };
  hub::RequestReaders readers;
  hub::Request request;
  for (const Row& row : rows) {
    CAPTURE(std::string(hub::name_of(row.wire)));
    for (int round = 0; round < 2; ++round) {  // nothing is left of the request before
      REQUIRE(readers.parse(row.wire, row.body, request));
      // Their order is that of the bytes; a whole that is native is told as such.
      for (std::size_t at = 0; at < row.names.size();) {
        const std::size_t end = std::min(row.names.find(',', at), row.names.size());
        CHECK_MESSAGE(
            request.unknown.names().find(row.names.substr(at, end - at)) != std::string::npos,
            row.names.substr(at, end - at));
        at = end + 1;
      }
      CHECK(request.unknown.names().size() == row.names.size());
    }
  }
}

TEST_CASE("lost fields: few, short, each once, and nothing that may not stand in a header") {
  LostFields lost;
  lost.add("a", "null");
  lost.add("status", "\"completed\"");
  CHECK(!lost.any());
  lost.add("bad\\nname", "1");
  lost.add(std::string(49, 'x'), "1");
  CHECK(lost.any());
  CHECK(lost.names() == "");
  lost.add("ab", "1");
  lost.add("a", "1");  // no part of another name
  lost.add("ab", "2");
  CHECK(lost.names() == "field.ab,field.a");
  const LostFields::Mark before = lost.mark();
  for (int i = 0; i < 20; ++i) lost.add("n" + std::to_string(i), "1");
  CHECK(lost.names() == "field.ab,field.a,field.n0,field.n1,field.n2,field.n3,field.n4,field.n5");
  lost.undo(before);
  CHECK(lost.names() == "field.ab,field.a");
}

}  // namespace
}  // namespace steelyard::dialect
