#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "gateway/dialect/openai_request.h"
#include "gateway/dialect/splice.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using openai::RequestParser;

std::string text_of(const SplicedBody& body) {
  std::string out;
  for (const std::string_view part : body.parts()) out += part;
  CHECK(out.size() == body.size());
  return out;
}

BodyEdits edits(std::string_view model, bool usage, std::int64_t cap, LimitKey key) {
  BodyEdits e;
  e.model = model;
  e.include_usage = usage;
  e.output_tokens_max = cap;
  e.limit_key = key;
  return e;
}

TEST_CASE("splice: each edit changes its token and nothing else") {
  const std::string m = R"("messages":[{"role":"user","content":"a \"model\":\"b\""}])";
  const std::string head = R"({"model":"a",)";
  struct Row {
    const char* why;
    std::string body;
    BodyEdits e;
    std::string expected;
  };
  const auto as_client = LimitKey::as_client;
  const auto completion = LimitKey::max_completion_tokens;
  const Row rows[] = {
      {"nothing to do", head + m + "}", edits("", false, 0, as_client), head + m + "}"},
      {"same model", head + m + "}", edits("a", false, 0, as_client), head + m + "}"},
      {"model", head + m + "}", edits("v/b-2", false, 0, as_client),
       R"({"model":"v/b-2",)" + m + "}"},
      {"usage, not a stream", head + m + "}", edits("", true, 0, as_client), head + m + "}"},
      {"usage, no options", head + R"("stream":true,)" + m + "}", edits("", true, 0, as_client),
       R"({"stream_options":{"include_usage":true},"model":"a","stream":true,)" + m + "}"},
      {"usage, options null", head + R"("stream":true,"stream_options" : null,)" + m + "}",
       edits("", true, 0, as_client),
       head + R"("stream":true,"stream_options" : {"include_usage":true},)" + m + "}"},
      {"usage, options empty", head + R"("stream":true,"stream_options":{ },)" + m + "}",
       edits("", true, 0, as_client),
       head + R"("stream":true,"stream_options":{"include_usage":true},)" + m + "}"},
      {"usage, other options", head + R"("stream":true,"stream_options":{"x":1},)" + m + "}",
       edits("", true, 0, as_client),
       head + R"("stream":true,"stream_options":{"include_usage":true,"x":1},)" + m + "}"},
      {"usage switched off",
       head + R"("stream":true,"stream_options":{"x":1,"include_usage":false},)" + m + "}",
       edits("", true, 0, as_client),
       head + R"("stream":true,"stream_options":{"x":1,"include_usage":true},)" + m + "}"},
      {"usage null", head + R"("stream":true,"stream_options":{"include_usage":null},)" + m + "}",
       edits("", true, 0, as_client),
       head + R"("stream":true,"stream_options":{"include_usage":true},)" + m + "}"},
      {"usage asked already",
       head + R"("stream":true,"stream_options":{"include_usage":true},)" + m + "}",
       edits("", true, 0, as_client),
       head + R"("stream":true,"stream_options":{"include_usage":true},)" + m + "}"},
      {"limit lowered", head + R"("max_tokens": 900 ,)" + m + "}", edits("", false, 50, as_client),
       head + R"("max_tokens": 50 ,)" + m + "}"},
      {"limit low enough", head + R"("max_tokens":50,)" + m + "}", edits("", false, 50, as_client),
       head + R"("max_tokens":50,)" + m + "}"},
      {"limit renamed and lowered", head + R"("max_tokens":900,)" + m + "}",
       edits("", false, 50, completion), head + R"("max_completion_tokens":50,)" + m + "}"},
      {"limit renamed only", head + R"("max_tokens":900,)" + m + "}",
       edits("", false, 0, completion), head + R"("max_completion_tokens":900,)" + m + "}"},
      {"renamed back", head + R"("max_completion_tokens":900,)" + m + "}",
       edits("", false, 0, LimitKey::max_tokens), head + R"("max_tokens":900,)" + m + "}"},
      {"both limits lowered", head + R"("max_tokens":900,"max_completion_tokens":30,)" + m + "}",
       edits("", false, 50, completion),
       head + R"("max_tokens":50,"max_completion_tokens":30,)" + m + "}"},
      {"limit injected", head + m + "}", edits("", false, 50, as_client),
       R"({"max_tokens":50,"model":"a",)" + m + "}"},
      {"limit injected, other name", head + m + "}", edits("", false, 50, completion),
       R"({"max_completion_tokens":50,"model":"a",)" + m + "}"},
      {"limit null is filled", head + R"("max_tokens":null,)" + m + "}",
       edits("", false, 50, completion), head + R"("max_completion_tokens":50,)" + m + "}"},
      {"both null, one filled",
       head + R"("max_tokens":null,"max_completion_tokens":null,)" + m + "}",
       edits("", false, 50, completion),
       head + R"("max_tokens":null,"max_completion_tokens":50,)" + m + "}"},
      {"all at once", " " + head + R"("stream":true,)" + m + ",\"max_tokens\":7}\n",
       edits("zz", true, 5, completion),
       R"( {"stream_options":{"include_usage":true},"model":"zz","stream":true,)" + m +
           ",\"max_completion_tokens\":5}\n"},
  };
  RequestParser parser;
  SplicedBody spliced;
  for (const Row& row : rows) {
    CAPTURE(row.why);
    ChatRequest request;
    REQUIRE(parser.parse(row.body, request));
    REQUIRE(spliced.build(request, row.e));
    const std::string out = text_of(spliced);
    CHECK(out == row.expected);
    CHECK(parser.parse(out, request).has_value());
  }
}

TEST_CASE("splice: a provider's model name that is no token is an error, not a broken body") {
  RequestParser parser;
  ChatRequest request;
  const std::string body = R"({"model":"a","messages":[{"role":"user"}]})";
  REQUIRE(parser.parse(body, request));
  SplicedBody spliced;
  for (const char* bad : {"a\"b", "a\\b", "a b", "a\n"}) {
    CHECK_FALSE(spliced.build(request, edits(bad, false, 0, LimitKey::as_client)).has_value());
  }
}

// The bytes of `body` that no part covers, in order; also checks that parts inside the body go
// forwards only.
std::vector<std::string> bytes_left_out(std::string_view body, const SplicedBody& spliced) {
  std::vector<std::string> gaps;
  const char* at = body.data();
  for (const std::string_view part : spliced.parts()) {
    if (part.data() < body.data() || part.data() >= body.data() + body.size()) continue;
    CHECK(part.data() >= at);
    if (part.data() > at) gaps.emplace_back(at, part.data());
    at = part.data() + part.size();
  }
  if (at < body.data() + body.size()) gaps.emplace_back(at, body.data() + body.size());
  return gaps;
}

TEST_CASE("splice: recorded requests keep every byte but the edited tokens") {
  RequestParser parser;
  RequestParser second;
  SplicedBody spliced;
  for (const auto& exchange : testing::recorded_chat()) {
    const std::string& body = exchange.request;
    ChatRequest request;
    if (body.empty() || !parser.parse(body, request)) continue;
    CAPTURE(exchange.id);
    REQUIRE(
        spliced.build(request, edits("target-model", true, 11, LimitKey::max_completion_tokens)));
    const std::string out = text_of(spliced);
    ChatRequest after;
    REQUIRE(second.parse(out, after));
    CHECK(after.model == "target-model");
    CHECK(after.include_usage == (request.stream || request.include_usage));
    CHECK(after.output_tokens_max() ==
          (request.output_tokens_max() == 0
               ? 11
               : std::min<std::int64_t>(11, request.output_tokens_max())));
    CHECK(after.messages.size() == request.messages.size());
    for (std::size_t i = 0; i < after.messages.size(); ++i) {
      CHECK(after.messages[i].raw.of(out) == request.messages[i].raw.of(body));
    }
    for (const std::string& gap : bytes_left_out(body, spliced)) {
      const bool number = gap.find_first_not_of("0123456789") == std::string::npos;
      const bool expected = gap == request.model_token.of(body) || gap == "\"max_tokens\"" ||
                            number || gap == "false" || gap == "null" || gap == "{}";
      CHECK_MESSAGE(expected, "left out: " << gap);
    }
  }
}

TEST_CASE("splice: goldens") {
  RequestParser parser;
  testing::each_golden("request_", [&](const std::string& folder) {
    const std::string body = testing::read_file(folder + "/request.json");
    ChatRequest request;
    REQUIRE(parser.parse(body, request));
    SplicedBody spliced;
    REQUIRE(spliced.build(
        request, edits("vendor/served-model", true, 1024, LimitKey::max_completion_tokens)));
    testing::check_golden(folder, "upstream.json", text_of(spliced));
  });
}

}  // namespace
}  // namespace steelyard::dialect
