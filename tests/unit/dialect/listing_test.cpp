// Definitions, calls and schemas as OpenAI shows them to its models. What these cost is compared
// with bills in tests/clients/recorded_counts.py; here is how they are written.
#include <doctest/doctest.h>

#include <vector>

#include "gateway/dialect/call_listing.h"
#include "gateway/dialect/chat.h"
#include "gateway/dialect/schema_listing.h"
#include "gateway/dialect/tool_listing.h"

using namespace steelyard::dialect;

namespace {

std::string listing(std::string_view tool) {
  std::string out;
  CHECK(write_tool_listing(out, "[" + std::string(tool) + "]"));
  return out;
}

std::string calls(const std::vector<TextSlice>& texts) {
  std::string out;
  write_call_listing(out, texts);
  return out;
}

}  // namespace

TEST_CASE("a comment is written line by line, without empty lines and indents") {
  CHECK(listing(R"({"function":{"name":"f","description":"One.\n\n    Args:\n\tx \n   ",)"
                R"("parameters":{"properties":{"x":{"type":"string","description":"a\n b"}}}}})") ==
        "namespace functions {\n\n// One.\n// Args:\n// x\ntype f = (_: {\n// a\n// b\n"
        "x?: string,\n}) => any;\n\n} // namespace functions");
}

TEST_CASE("the title of parameters, and of what an array holds, stands before the brace") {
  CHECK(listing(R"({"name":"f","parameters":{"title":"Person","properties":{)"
                R"("a":{"type":["string","null"]}}}})") ==
        "namespace functions {\n\ntype f = (_: // Person\n{ a?: string | null }) => any;\n\n"
        "} // namespace functions");
  CHECK(listing(R"({"name":"f","parameters":{"$defs":{"E":{"title":"Entity","type":"object",)"
                R"("properties":{"n":{"type":"string"}}}},"properties":{)"
                R"("e":{"type":"array","items":{"$ref":"#/$defs/E"}}}}})") ==
        "namespace functions {\n\ntype f = (_: { e?: // Entity\n{ n?: string }[] }) => any;\n\n"
        "} // namespace functions");
}

TEST_CASE("a default is quoted, unless it is one of a list") {
  CHECK(listing(R"({"name":"f","parameters":{"properties":{)"
                R"("a":{"type":"string","default":"b"},"c":{"enum":["d"],"default":"d"},)"
                R"("e":{"type":"integer","default":1}}}})") ==
        "namespace functions {\n\ntype f = (_: {\na?: string, // default: \"b\"\n"
        "c?: \"d\", // default: d\ne?: number, // default: 1\n}) => any;\n\n"
        "} // namespace functions");
}

TEST_CASE("what may be null and is described has a line for each alternative, in Chat") {
  const std::string properties =
      R"("parameters":{"properties":{"a":{"type":["string","null"],"description":"A."},)"
      R"("b":{"anyOf":[{"type":"string","format":"date"},{"type":"null"}],"description":"B."},)"
      R"("c":{"anyOf":[{"type":"string"},{"type":"number"}],"description":"C."}}})";
  CHECK(listing(R"({"function":{"name":"f",)" + properties + "}}") ==
        "namespace functions {\n\ntype f = (_: {\n// A.\na?:\n// A.\n | string\n// A.\n | null\n,\n"
        "// B.\nb?:\n// format: date\n | string\n | null\n,\n// C.\nc?: string | number,\n"
        "}) => any;\n\n} // namespace functions");
  CHECK(listing(R"({"name":"f",)" + properties + "}") ==
        "namespace functions {\n\ntype f = (_: {\n// A.\na?: string | null,\n"
        "// B.\nb?: string | null,\n// C.\nc?: string | number,\n"
        "}) => any;\n\n} // namespace functions");
}

TEST_CASE("a tool that takes text: its grammar is a comment, in Chat and in Responses") {
  CHECK(listing(R"({"type":"custom","custom":{"name":"g","format":{"type":"text"}}})") ==
        "namespace functions {\n\ntype g = () => any;\n\n} // namespace functions");
  const std::string chat = listing(
      R"({"type":"custom","custom":{"name":"g","description":"d","format":)"
      R"({"type":"grammar","grammar":{"syntax":"lark","definition":"\n  a: b\n  b: c"}}}})");
  CHECK(chat.starts_with("namespace functions {\n\n// d\n// This tool takes text"));
  CHECK(chat.ends_with("\n// a: b\n// b: c\ntype g = () => any;\n\n} // namespace functions"));
  CHECK(chat == listing(R"({"type":"custom","name":"g","description":"d","format":)"
                        R"({"type":"grammar","definition":"a: b\nb: c","syntax":"lark"}})"));
}

TEST_CASE("several calls are one, whatever stands first, without blanks between their tokens") {
  const TextSlice a{R"(a)", 1, TextKind::tool_name}, b{"b", 1, TextKind::tool_name};
  const TextSlice of_a{R"({\"x\": 1,\n \"y z\": \"p q\\\" r\"})", 1, TextKind::tool_arguments};
  const TextSlice of_b{"{}", 1, TextKind::tool_arguments};
  const std::string expected =
      R"({\"tool_uses\":[{\"recipient_name\":\"functions.a\",\"parameters\":)"
      R"({\"x\":1,\"y z\":\"p q\\\" r\"}},)"
      R"({\"recipient_name\":\"functions.b\",\"parameters\":{}}]})";
  CHECK(calls({a, of_a, b, of_b}) == expected);
  CHECK(calls({of_a, a, of_b, b}) == expected);
  CHECK(calls({a, b}).find("functions.b") != std::string::npos);
}

TEST_CASE("arguments that end within an escape are no reason to read on") {
  for (const std::string_view cut : {"\\", "{\\", "\"\\\\", "\\\\\\"}) {
    const TextSlice name{"a", 0, TextKind::tool_name};
    const TextSlice arguments{cut, 0, TextKind::tool_arguments};
    CHECK(calls({name, arguments}).ends_with("}]}"));
  }
}

TEST_CASE("only ASCII is shown") {
  std::string out;
  append_ascii(out, "a\xC3\xA9\xF0\x9F\x98\x80\xE2\x82");
  CHECK(out == "a\\u00e9\\ud83d\\ude00\xE2\x82");
}
