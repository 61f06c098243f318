// What a refusal tells beside its words: when to come again, and what would be taken.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "gateway/failure_of.h"
#include "gateway/routes.h"

namespace steelyard {
namespace {

TEST_CASE("retry-after: whole seconds, whatever form a provider gives it") {
  struct Row {
    std::string_view text;
    std::int64_t seconds;
  };
  const Instant now = Instant::from_seconds(1'445'412'400);  // 2015-10-21 07:26:40
  for (const Row& row :
       {Row{"0", 0}, Row{"7", 7}, Row{"1.2", 2}, Row{"0.001", 1}, Row{"3.0", 3},
        Row{"Wed, 21 Oct 2015 07:28:00 GMT", 80}, Row{"Wed, 21 Oct 2015 07:20:00 GMT", 0},
        Row{"", -1}, Row{"soon", -1}, Row{"-1", -1}, Row{"1e99", -1}, Row{"nan", -1},
        Row{"inf", -1}, Row{"7 s", -1}, Row{"Wed, 21 Oct 2015 07:28:00 CET", -1}}) {
    CAPTURE(row.text);
    CHECK(retry_after_s(row.text, now) == row.seconds);
  }
}

TEST_CASE("allow: what a path takes") {
  CHECK(allowed_methods("/v1/chat/completions?x=1") == "POST");
  CHECK(allowed_methods("/api/hello") == "GET, HEAD");
  CHECK(allowed_methods("/v1/responses/resp_1") == "GET, DELETE");
  CHECK(allowed_methods("/v1beta/models/m:generateContent") == "GET, POST");
  CHECK(allowed_methods("/nothing/here").empty());
}

}  // namespace
}  // namespace steelyard
