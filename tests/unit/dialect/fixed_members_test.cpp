// What a provider's row adds to a body: only what the client did not say, nothing else touched.
#include "gateway/dialect/fixed_members.h"

#include <doctest/doctest.h>

namespace steelyard::dialect {
namespace {

TEST_CASE("fixed members: the client wins, every other byte stays") {
  const FixedMembers members{{"enable_thinking", "false"}, {"provider", R"({"order":["a","b"]})"}};
  struct Row {
    const char *given, *left;  // left "": nothing was added
  };
  const Row rows[] = {
      {R"({"model":"m", "z":[1.50]})",
       R"({"enable_thinking":false,"provider":{"order":["a","b"]},"model":"m", "z":[1.50]})"},
      {R"( { "model":"m"})",
       R"( {"enable_thinking":false,"provider":{"order":["a","b"]}, "model":"m"})"},
      {R"({"a":{"provider":1},"enable_thinking":null})",
       R"({"provider":{"order":["a","b"]},"a":{"provider":1},"enable_thinking":null})"},
      {R"({"provid\u0065r":{},"enable_thinking":true})", ""},
      {"{}", R"({"enable_thinking":false,"provider":{"order":["a","b"]}})"},
      {"{ }", R"({"enable_thinking":false,"provider":{"order":["a","b"]} })"},
      {"", ""},
      {"[]", ""},
      {R"({"a":1)", ""},
      {R"({"a":1}x)", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.given);
    std::string out = "as it was";
    const std::string left = row.left;
    CHECK(add_fixed_members(row.given, members, out) == !left.empty());
    CHECK(out == (left.empty() ? "as it was" : left));
  }
}

}  // namespace
}  // namespace steelyard::dialect
