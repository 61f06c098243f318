// Ids that Mistral refuses become short ones, alike in the call and in its result; all else stays.
#include "gateway/dialect/short_ids.h"

#include <doctest/doctest.h>

namespace steelyard::dialect {
namespace {

std::string short_of(std::string_view id) {
  std::string out;
  shorten_id(id, out);
  return out;
}

TEST_CASE("short ids: calls and results, nothing else, byte for byte") {
  const std::string a = short_of("call_a"), b = short_of("toolu_01/\"x"), own = "Ab3dE6gH9";
  REQUIRE(is_short_id(a));
  REQUIRE(is_short_id(b));
  CHECK(a != b);
  CHECK(a == short_of("call_a"));
  const auto body = [](const std::string& first, const std::string& second,
                       const std::string& third) {
    return R"({"model":"m", "id":"call_a","messages":[{"role":"user","content":"call_a","id":"call_a"},)"
           R"({"role":"assistant","tool_calls":[{"id": ")" +
           first +
           R"(" ,"function":{"name":"f","arguments":"{\"id\":\"call_a\"}","id":"call_a"}},{"id":")" +
           second + R"("},{"id":")" + third + R"("}]},{"tool_call_id":")" + second +
           R"(","role":"tool","content":"x"},{"role":"tool","tool_call_id":")" + first +
           R"("},{"role":"tool","tool_call_id":")" + third + R"("}],"tools":[{"id":"call_a"}]})";
  };
  std::string out;
  REQUIRE(shorten_tool_ids(body("call_a", R"(toolu_01\/\"x)", own), out));
  CHECK(out == body(a, b, own));
  std::string again = "as it was";
  CHECK(!shorten_tool_ids(out, again));
  CHECK(again == "as it was");
}

TEST_CASE("short ids: what has none, or is no request, is left alone") {
  for (
      const char* text :
      {"", "{", "[]", R"({"messages":[{"tool_call_id":"call_a"})", R"({"messages":"call_a"})",
       R"({"messages":[{"tool_call_id":null,"tool_calls":null},{"tool_calls":[1,{"id":7},{"id":""}]},2]})",
       R"({"messages":[{"tool_call_id":"call_a"}]}x)"}) {
    CAPTURE(text);
    std::string out = "as it was";
    CHECK(!shorten_tool_ids(text, out));
    CHECK(out == "as it was");
  }
}

}  // namespace
}  // namespace steelyard::dialect
