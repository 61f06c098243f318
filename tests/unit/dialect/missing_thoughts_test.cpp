#include "gateway/dialect/missing_thoughts.h"

#include <doctest/doctest.h>

#include <string>

namespace steelyard::dialect {
namespace {

std::string with_thoughts(std::string_view body) {
  std::string out = "unchanged";
  (void)add_missing_thoughts(body, out);
  return out;
}

TEST_CASE("missing thoughts: only messages with calls and without thoughts get an empty one") {
  CHECK(
      with_thoughts(R"({"model":"m","messages":[{"role":"user","content":"hi"},)"
                    R"( {"role":"assistant","tool_calls":[{"id":"a"}]},)"
                    R"({"tool_calls":[],"reasoning_content":"Hm.","role":"assistant"},)"
                    R"({ "role":"assistant","content":null,"tool_calls":[{"id":"b"}]}],"n":1})") ==
      R"({"model":"m","messages":[{"role":"user","content":"hi"},)"
      R"( {"reasoning_content":"","role":"assistant","tool_calls":[{"id":"a"}]},)"
      R"({"tool_calls":[],"reasoning_content":"Hm.","role":"assistant"},)"
      R"({"reasoning_content":"", "role":"assistant","content":null,"tool_calls":[{"id":"b"}]}],"n":1})");
  for (const std::string_view body :
       {R"({"messages":[{"role":"assistant","content":"hi","tool_calls":null}]})",
        R"({"messages":[{"role":"user","content":"{\"tool_calls\":[]}"}]})",
        R"({"tools":[{"tool_calls":[]}],"messages":"none"})", R"({"messages":[{"tool_calls":[]}])",
        R"([{"tool_calls":[]}])", ""})
    CHECK(with_thoughts(body) == "unchanged");
}

}  // namespace
}  // namespace steelyard::dialect
