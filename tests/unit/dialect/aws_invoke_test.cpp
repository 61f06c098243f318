// Claude on Bedrock by InvokeModel: Anthropic's own events out of Amazon's frames.
#include "gateway/dialect/aws_invoke.h"

#include <doctest/doctest.h>

#include "tests/unit/dialect/hub_answer_support.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace testing;

TEST_CASE("invoke streams: Anthropic's own events come out, cut anywhere") {
  int streams = 0;
  for (const Recorded& r : recorded_invoke()) {
    if (!r.stream || r.status >= 400 || r.path.find("claude") == std::string::npos) continue;
    CAPTURE(r.id);
    InvokeFrames frames;
    const std::string whole(frames.feed(r.response));
    Meaning meaning;
    OrderCheck order(&meaning);
    if (whole.find("message_start") == std::string::npos) continue;  // the completions of old
    CHECK(run_messages(whole, true, order));
    CHECK(order.fault() == "");
    CHECK(meaning.usage.present);
    for (const std::size_t step : {1, 7, 100}) {
      InvokeFrames again;
      std::string pieces;
      for (std::size_t at = 0; at < r.response.size(); at += step)
        pieces += again.feed(std::string_view(r.response).substr(at, step));
      CHECK(pieces == whole);
    }
    ++streams;
  }
  CHECK((recorded_invoke().empty() || streams > 5));
  InvokeFrames frames;
  const std::string said(frames.feed(
      aws_frame({{":message-type", "exception"}, {":exception-type", "throttlingException"}},
                R"({"message":"Slow down."})")));
  CHECK(said.starts_with("event: error\ndata: "));
  CHECK(said.find("rate_limit_error") != std::string::npos);
  CHECK(said.find("Slow down.") != std::string::npos);
}

}  // namespace
}  // namespace steelyard::dialect
