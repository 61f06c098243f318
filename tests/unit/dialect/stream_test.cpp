#include <doctest/doctest.h>

#include <string>

#include "config/types/limits.h"
#include "gateway/dialect/openai_stream.h"
#include "tests/unit/dialect/support.h"
#include "tests/unit/dialect/tap_run.h"

namespace steelyard::dialect {
namespace {

using namespace openai;
using namespace testing;

const std::string kText =
    R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]})"
    "\n\n";
const std::string kStop =
    R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n";
const std::string kUsage =
    R"(data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})"
    "\n\n";
const std::string kDone = "data: [DONE]\n\n";

TEST_CASE("tap: the usage-only event is dropped when nobody asked, and nothing else is") {
  const std::string azure = "data: {\"choices\":[],\"id\":\"\",\"prompt_filter_results\":[]}\n\n";
  const std::string usage_null = "data: {\"choices\":[],\"usage\":null,\"moderation\":{}}\n\n";
  const std::string usage_with_choice =
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":9}}\n\n";
  const std::string two_lines =
      "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":9}}\n\n";
  const std::string error_too =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1},\"error\":{\"message\":\"x\"}}\n\n";
  const std::string commented = ": ping\n" + kUsage;
  const std::string named = "event: message\nid: 4\n" + kUsage;
  const std::string large = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1},\"pad\":\"" +
                            std::string(20'000, 'x') + "\"}\n\n";
  struct Row {
    const char* why;
    std::string in, out;
  };
  const Row rows[] = {
      {"plain", kText + kStop + kUsage + kDone, kText + kStop + kDone},
      {"twice", kText + kUsage + kUsage + kDone, kText + kDone},
      {"first", kUsage + kText, kText},
      {"at the end, no blank line", kText + kUsage.substr(0, kUsage.size() - 2), kText},
      {"at the end, half a line", kText + kUsage.substr(0, 60), kText + kUsage.substr(0, 60)},
      {"azure's first chunk", azure + kText, azure + kText},
      {"usage null", usage_null + kText, usage_null + kText},
      {"usage with a choice", kText + usage_with_choice, kText + usage_with_choice},
      {"several data lines", two_lines + kText, two_lines + kText},
      {"with an error", error_too, error_too},
      {"comment line before it stays", kText + commented + kDone, kText + ": ping\n" + kDone},
      {"event and id lines go with it", kText + named + kDone, kText + kDone},
      {"too large to be one", large + kDone, large + kDone},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const Run whole = run({row.in}, kDrop);
    CHECK(whole.passed == row.out);
    CHECK(run({row.in}, kPass).passed == row.in);
    int wrong = 0;
    const std::string_view all = row.in;
    const std::size_t step = all.size() > 5'000 ? 97 : 1;
    for (std::size_t i = 0; i <= all.size(); i += step) {
      wrong += !(run({all.substr(0, i), all.substr(i)}, kDrop) == whole);
    }
    CHECK(wrong == 0);
    CHECK(run_bytewise(all, kDrop) == whole);
  }
}

TEST_CASE("tap: line ends of the dropped event, split anywhere") {
  for (const std::string_view end : {"\r\n", "\r", "\n"}) {
    const auto with_end = [&](std::string_view text) {
      std::string out;
      for (const char c : text) c == '\n' ? out.append(end) : out.append(1, c);
      return out;
    };
    const std::string in = with_end(kText + kUsage + kDone);
    const std::string_view all = in;
    int wrong = 0;
    for (std::size_t i = 0; i <= all.size(); ++i) {
      for (std::size_t k = i; k <= all.size(); k += 3) {
        const Run cut = run({all.substr(0, i), all.substr(i, k - i), all.substr(k)}, kDrop);
        wrong += cut.passed != with_end(kText + kDone) || !cut.ok;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("tap: holds back only an event that may be the usage chunk") {
  StreamTap tap(kDrop);
  TapOutput out;
  const auto feed = [&](const std::string& bytes) {
    tap.feed(bytes, out);
    return testing::text_of(out);
  };
  CHECK(feed(": keep-alive") == ": keep-alive");
  CHECK(feed("\n\n" + kText) == "\n\n" + kText);
  const std::string head = R"(data: {"id":"c","choices":)";
  CHECK(feed(kText + head) == kText);
  CHECK(feed(R"([{"index":0,"delta":{"content":"x")") ==
        head + R"([{"index":0,"delta":{"content":"x")");
  CHECK(feed("}}]}") == "}}]}");
  CHECK(feed("\n\n" + head + "[") == "\n\n");
  CHECK(feed("],\"usage\":null}\n") == head + "[],\"usage\":null}\n");  // settled: no usage in it
  CHECK(feed("\n" + kUsage.substr(0, kUsage.size() - 1)) == "\n");
  CHECK(feed("\n" + kDone) == kDone);
  CHECK(tap.facts().dropped == 1);
  CHECK(tap.finish(out).has_value());
}

TEST_CASE("tap: a released event and a held one in the same read do not share memory") {
  StreamTap tap(kDrop);
  TapOutput out;
  const auto feed = [&](const std::string& bytes) {
    tap.feed(bytes, out);
    return testing::text_of(out);
  };
  const std::string head = "data: {\"id\":\"" + std::string(100, 'a') + "\",";
  CHECK(feed(head) == "");
  const std::string passed = feed("\"choices\":[{}]}\n\n" + head);
  CHECK(passed == head + "\"choices\":[{}]}\n\n");
  CHECK_FALSE(tap.finish(out).has_value());
  CHECK(testing::text_of(out) == head);
}

TEST_CASE("tap: phases, first content and the way a stream ends") {
  const std::string role =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
  const std::string tool =
      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]})"
      "\n\n";
  struct Row {
    const char* why;
    std::string in;
    StreamPhase phase;
    bool content_seen, ok;
    ErrorKind kind = ErrorKind::upstream_protocol;
  };
  const Row rows[] = {
      {"nothing", "", StreamPhase::silent, false, false},
      {"comments", ": OPENROUTER PROCESSING\n\n", StreamPhase::silent, false, false},
      {"role only", role, StreamPhase::preamble, false, false},
      {"text", role + kText, StreamPhase::content, true, false},
      {"reasoning", "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
       StreamPhase::content, true, false},
      {"reasoning, spaced", "data: {\"choices\" : [{\"delta\" : {\"reasoning\" : \"hm\"}}]}\n\n",
       StreamPhase::content, true, false},
      {"content parts",
       "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}}]}\n\n",
       StreamPhase::content, true, false},
      {"tool call", role + tool, StreamPhase::content, true, false},
      {"sound", "data: {\"choices\":[{\"delta\":{\"audio\":{\"data\":\"x\"}}}]}\n\n",
       StreamPhase::content, true, false},
      {"finish only", kStop, StreamPhase::content, true, false},
      {"done", kText + kDone, StreamPhase::done, true, true},
      {"done without blank line", kText + "data: [DONE]", StreamPhase::done, true, true},
      {"done without space", "data:[DONE]\r\n\r\n", StreamPhase::done, false, true},
      {"done inside text", "data: {\"choices\":[{\"delta\":{\"content\":\"[DONE]\"}}]}\n\n",
       StreamPhase::content, true, false},
      {"error first", "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n",
       StreamPhase::failed, false, false, ErrorKind::upstream_status},
      {"error after text", kText + "data: {\"error\":{\"message\":\"boom\"}}\n\n" + kDone,
       StreamPhase::failed, true, false, ErrorKind::upstream_status},
      {"error as text", "data: {\"error\":\"boom\"}\n\n", StreamPhase::failed, false, false,
       ErrorKind::upstream_status},
      {"error null", "data: {\"error\":null,\"choices\":[{\"delta\":{}}]}\n\n",
       StreamPhase::preamble, false, false},
      {"vllm", "data: {\"object\":\"error\",\"message\":\"boom\",\"code\":400}\n\n",
       StreamPhase::failed, false, false, ErrorKind::upstream_status},
      {"openrouter",
       "data: "
       "{\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"down\"},\"choices\":[{\"delta\":{"
       "\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
       StreamPhase::failed, true, false, ErrorKind::upstream_status},
      {"groq event",
       "event: error\ndata: {\"error\":{\"message\":\"x\",\"code\":\"tool_use_failed\"}}\n\n",
       StreamPhase::failed, false, false, ErrorKind::upstream_status},
      {"error line", "error: {\"detail\":\"failed to decode\"}\n\n", StreamPhase::failed, false,
       false, ErrorKind::upstream_status},
      {"detail", "data: {\"detail\":\"Invalid API Key\"}\n\n", StreamPhase::failed, false, false,
       ErrorKind::upstream_status},
      {"the word error in text",
       "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"error\\\":{}}\"}}]}\n\n",
       StreamPhase::content, true, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    StreamTap tap(kPass);
    TapOutput out;
    tap.feed(row.in, out);
    const Result<void> end = tap.finish(out);
    CHECK(tap.phase() == row.phase);
    CHECK(tap.facts().content_seen == row.content_seen);
    CHECK(end.has_value() == row.ok);
    if (!end) CHECK(end.error().kind == row.kind);
  }
}

TEST_CASE("tap: an early end may be tried elsewhere, a late one may not") {
  for (const bool late : {false, true}) {
    StreamTap tap(kPass);
    TapOutput out;
    tap.feed(late ? kText : std::string(": hi\n\n"), out);
    CHECK(tap.finish(out).error().retry == (late ? Retry::never : Retry::next_target));
  }
}

TEST_CASE("tap: providers that send no [DONE]") {
  CHECK_FALSE(run({kText + kStop}, kPass).ok);
  CHECK(run({kText + kStop}, TapOptions{false, true}).ok);
  CHECK_FALSE(run({kText}, TapOptions{false, true}).ok);
}

TEST_CASE("tap: finish fails on every proper prefix that lacks [DONE]") {
  const std::string stream = kText + kStop + kUsage + kDone;
  const std::string_view all = stream;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    CHECK(run({all.substr(0, i)}, kPass).ok == (i >= all.size() - 2));
  }
}

TEST_CASE("tap: usage in all the places providers put it, the last one wins") {
  struct Row {
    const char* why;
    std::string in;
    std::int64_t prompt, cached, reasoning;
  };
  const Row rows[] = {
      {"own chunk", kUsage, 9, 0, 0},
      {"finish chunk",
       "data: {\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5}}\n\n", 5,
       0, 0},
      {"x_groq",
       "data: "
       "{\"choices\":[{\"delta\":{}}],\"x_groq\":{\"id\":\"r\",\"usage\":{\"prompt_tokens\":6,"
       "\"queue_time\":0.1}}}\n\n",
       6, 0, 0},
      {"choice",
       "data: "
       "{\"choices\":[{\"delta\":{},\"usage\":{\"prompt_tokens\":7,\"cached_tokens\":3}}]}\n\n",
       7, 3, 0},
      {"delta", "data: {\"choices\":[{\"delta\":{\"usage\":{\"prompt_tokens\":8}}}]}\n\n", 8, 0, 0},
      {"twice", "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n" + kUsage, 9, 0, 0},
      {"null after", kUsage + "data: {\"choices\":[],\"usage\":null}\n\n", 9, 0, 0},
      {"breakdown is not it",
       kUsage + "data: "
                "{\"choices\":[],\"usage_breakdown\":{\"models\":[{\"usage\":{\"prompt_tokens\":99}"
                "}]}}\n\n",
       9, 0, 0},
      {"details",
       "data: "
       "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"prompt_tokens_details\":{\"cached_"
       "tokens\":4},\"completion_tokens\":3,\"completion_tokens_details\":{\"reasoning_tokens\":2}}"
       "}\n\n",
       10, 4, 2},
      {"spaced, cut into lines",
       "data: {\"choices\" : [],\ndata:  \"usage\" : {\"prompt_tokens\" : 12 } }\n\n", 12, 0, 0},
      {"in text only",
       "data: "
       "{\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{\\\"prompt_tokens\\\":3}\"}}]}\n\n",
       0, 0, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    StreamTap tap(kPass);
    TapOutput out;
    tap.feed(row.in, out);
    (void)tap.finish(out);
    CHECK(tap.facts().usage.prompt == row.prompt);
    CHECK(tap.facts().usage.cached == row.cached);
    CHECK(tap.facts().usage.reasoning == row.reasoning);
    CHECK(tap.facts().usage.present == (row.prompt != 0));
  }
}

TEST_CASE("tap: output bytes count the text once") {
  const auto bytes = [](const std::string& delta) {
    StreamTap tap(kPass);
    TapOutput out;
    tap.feed(kText + "data: {\"choices\":[{\"delta\":" + delta + "}]}\n\n", out);
    return tap.facts().output_bytes - 2;
  };
  CHECK(bytes(R"({"content":"a\"b\\"})") == 6);
  CHECK(bytes(R"({"reasoning":"abc","reasoning_details":[{"text":"abc"}]})") == 3);
  CHECK(bytes(R"({"reasoning":"abc","reasoning_content":"abc"})") == 3);
  CHECK(bytes(R"({"content":[{"type":"text","text":"abcd"}]})") == 4);
  CHECK(bytes(R"({"tool_calls":[{"function":{"arguments":"{\"a"}}]})") == 4);
  CHECK(bytes(R"({"role":"assistant"})") == 0);
}

TEST_CASE("tap: lines over the cap pass unread") {
  const std::string image = "data: {\"choices\":[{\"delta\":{\"images\":[\"" +
                            std::string(limits::sse_line_bytes_max, 'A') + "\"]}}]}\n\n";
  const std::string all = kText + image + kUsage + kDone;
  for (const TapOptions options : {kPass, kDrop}) {
    const Run whole = run({all}, options);
    CHECK(whole.ok);
    CHECK(whole.passed.size() == all.size() - (options.drop_usage_chunk ? kUsage.size() : 0));
    const std::string_view view = all;
    CHECK(run({view.substr(0, 70'000), view.substr(70'000, 900'000), view.substr(970'000)},
              options) == whole);
  }
}

TEST_CASE("tap: a line without end fails the stream, and passes no further") {
  StreamTap tap(kPass);
  TapOutput out;
  std::size_t passed = 0;
  const auto feed = [&](std::string_view bytes) {
    tap.feed(bytes, out);
    passed += out.size();
  };
  feed(kText + "data: {\"choices\":[{\"delta\":{\"content\":\"");
  const std::string more(1u << 20, 'x');
  for (int i = 0; i < 40; ++i) feed(more);
  CHECK(tap.phase() == StreamPhase::failed);
  CHECK(is_too_long(tap.facts().fault));
  CHECK(passed <= limits::sse_line_passed_bytes_max + more.size());
  CHECK(!tap.finish(out));
}

TEST_CASE("tap: comments never add up to a line without end") {
  StreamTap tap(kPass);
  TapOutput out;
  const std::string comments = ":" + std::string((1u << 20) - 2, ' ') + "\n";
  for (int i = 0; i < 40; ++i) tap.feed(comments, out);
  CHECK(tap.phase() == StreamPhase::silent);
}

TEST_CASE(
    "tap: more usage chunks in one read than an honest provider sends still come out in order") {
  std::string in, kept;
  for (int i = 0; i < 40; ++i) in += kText + kUsage;
  const Run result = run({in + kDone}, kDrop);
  std::string without = result.passed;
  for (std::size_t at; (at = without.find(kUsage)) != std::string::npos;)
    without.erase(at, kUsage.size());
  for (int i = 0; i < 40; ++i) kept += kText;
  CHECK(without == kept + kDone);
}

}  // namespace
}  // namespace steelyard::dialect
