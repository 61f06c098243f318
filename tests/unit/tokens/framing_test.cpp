// Chat frames, images and other tokenizers against the providers' published figures.
#include "router/tokens/framing.h"

#include <doctest/doctest.h>

#include <limits>

#include "router/tokens/framing_table.h"

using namespace steelyard::router;

namespace {

TokenizerRef model(std::string_view name, std::string_view tokenizer = "o200k", int ratio = 100) {
  return {tokenizer, ratio, name};
}

}  // namespace

TEST_CASE("plain chats of gpt-4o, as its API counts them") {
  struct Row {
    std::int64_t text;
    std::int32_t messages;
    std::int32_t names;
    std::int64_t tokens;
  };
  // Recorded requests: "hello" 8, "hello world" 9, three messages 26, named 20
  // (openai-chat-tokens).
  const Row rows[] = {{1, 1, 0, 8}, {2, 1, 0, 9}, {11, 3, 0, 26}, {12, 1, 1, 20}};
  for (const Row& row : rows) {
    ChatShape shape;
    shape.text_tokens = row.text;
    shape.messages = row.messages;
    shape.names = row.names;
    const TokenCount found = frame_chat(shape, model("gpt-4o-2024-11-20"));
    CHECK(found.tokens == row.tokens);
    CHECK(found.upper == row.tokens);
    CHECK(found.quality == CountQuality::exact);
  }
}

TEST_CASE("tools make it an estimate whose bound holds for recorded requests") {
  struct Row {
    std::int64_t text;
    std::int32_t messages;
    std::int32_t tools;
    std::int64_t json;
    bool system;
    std::int64_t real;
  };
  // openai-chat-tokens' recorded requests; `json` is the o200k count of the definitions, minified.
  const Row rows[] = {{1, 1, 1, 22, false, 31},   {1, 1, 1, 28, false, 35},
                      {1, 1, 1, 36, false, 45},   {1, 1, 1, 60, false, 64},
                      {3, 2, 1, 24, true, 36},    {5, 3, 2, 49, true, 51},
                      {1, 1, 1, 140, false, 105}, {1, 1, 1, 132, false, 93}};
  for (const Row& row : rows) {
    ChatShape shape;
    shape.text_tokens = row.text;
    shape.messages = row.messages;
    shape.tools = row.tools;
    shape.tool_json_tokens = row.json;
    shape.has_system = row.system;
    const TokenCount found = frame_chat(shape, model("gpt-4.1"));
    CAPTURE(row.real);
    CAPTURE(found.tokens);
    CHECK(found.quality == CountQuality::prior);
    CHECK(found.upper >= row.real);
    CHECK(found.tokens <= row.real * 135 / 100);
    CHECK(found.tokens >= row.real * 85 / 100);
  }
}

TEST_CASE("other tokenizers are scaled, and bounded from above") {
  CHECK(scale_text(1000, model("gpt-5")).tokens == 1000);
  CHECK(scale_text(1000, model("gpt-5")).quality == CountQuality::exact);
  const TokenCount claude = scale_text(1000, model("claude-opus-5-5", "claude-4.7"));
  CHECK(claude.tokens == 1430);
  CHECK(claude.upper == 2100);
  CHECK(claude.quality == CountQuality::prior);
  // The catalogue's own ratio wins; a larger one pushes the bound up with it.
  CHECK(scale_text(1000, model("x", "claude-4.7", 150)).tokens == 1500);
  CHECK(scale_text(1000, model("x", "claude-4.7", 200)).upper > 2900);
  CHECK(scale_text(1000, model("x", "claude-4.7", 120)).upper == 2100);
  CHECK(scale_text(1000, model("x", "nobody-knows")).upper == 1600);
  CHECK(scale_text(1000, model("x", "o200k", 110)).quality == CountQuality::prior);
}

TEST_CASE("thoughts that Gemini 3 signed are billed by their size") {
  struct Row {
    std::size_t letters;
    std::int64_t billed;  // recorded: what the request was billed beyond its text
  };
  for (const Row& row : {Row{1240, 241}, Row{1316, 284}, Row{2372, 495}, Row{4860, 961},
                         Row{6780, 1456}, Row{8072, 1728}, Row{12732, 2722}}) {
    const std::int64_t tokens = state_tokens(row.letters);
    CHECK(std::abs(tokens - row.billed) * 100 <= 9 * row.billed);
    CHECK(tokens * 115 >= row.billed * 100);  // the bound of Gemini's text
  }
  CHECK(state_tokens(0) == 0);
  CHECK(state_tokens(SIZE_MAX) > 0);
}

TEST_CASE("images cost what the providers' examples say") {
  struct Row {
    std::string_view name;
    ImageShape image;
    std::int64_t tokens;
  };
  const Row rows[] = {
      {"gpt-4o", {1024, 1024, ImageDetail::high}, 765},
      {"gpt-4o", {2048, 4096, ImageDetail::high}, 1105},
      {"gpt-4o", {4096, 8192, ImageDetail::low}, 85},
      {"gpt-4o", {}, 1445},  // 2048 x 768: nothing is larger
      {"gpt-4o-mini", {512, 512, ImageDetail::high}, 8500},
      {"gpt-5", {512, 512, ImageDetail::high}, 210},
      {"gpt-6-astra", {1024, 1024, ImageDetail::high}, 1229},
      {"openai/gpt-6-astra", {2048, 2048, ImageDetail::high}, 3000},
      {"gpt-6-astra", {}, 3000},
      {"claude-sonnet-4-5", {1092, 1092}, 1521},
      {"claude-sonnet-4-5", {1920, 1080}, 1560},
      {"claude-opus-4-7", {1920, 1080}, 2691},
      {"claude-opus-5-5", {3840, 2160}, 4784},
      {"claude-opus-5-5", {}, 4784},
      {"gemini-2.5-pro", {384, 384}, 258},
      {"gemini-2.5-pro", {1536, 768}, 516},
      {"gemini-3-pro", {4000, 3000}, 1120},
      {"gemini-3-pro", {4000, 3000, ImageDetail::low}, 280},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.image.width);
    CHECK(image_tokens(row.image, row.name) == row.tokens);
  }
}

TEST_CASE("no image of any size costs more than one of unknown size") {
  for (const std::string_view name : {"gpt-4o", "gpt-5", "gpt-5-mini", "gpt-5.4", "gpt-6",
                                      "claude-3-5-sonnet", "claude-opus-5", "x"}) {
    const std::int64_t worst = image_tokens({}, name);
    for (const std::int32_t width : {1, 27, 500, 1000, 1568, 3000, 8000, 65535}) {
      for (const std::int32_t height : {1, 31, 777, 2000, 20000}) {
        CAPTURE(name);
        CAPTURE(width);
        CAPTURE(height);
        const std::int64_t tokens = image_tokens({width, height}, name);
        CHECK(tokens > 0);
        CHECK(tokens <= worst);
      }
    }
  }
}

TEST_CASE("an image of unknown size widens the bound only") {
  const ImageShape unknown[] = {{}};
  ChatShape shape;
  shape.messages = 1;
  shape.images = unknown;
  const TokenCount found = frame_chat(shape, model("gpt-4o"));
  CHECK(found.quality == CountQuality::prior);
  CHECK(found.tokens == 7 + 765);
  CHECK(found.upper == 7 + 1445);
}

TEST_CASE(
    "a picture for a vendor who says nothing: an estimate, whose bound holds for others' rules") {
  const ImageShape small[] = {{239, 178}}, large[] = {{1024, 1024}};
  CHECK(images_of(small, image_row("grok-4-1-fast")).upper >= 265 - 9);   // recorded
  CHECK(images_of(large, image_row("llama-4-maverick")).upper >= 2'448);  // 17 tiles of 144
  CHECK(images_of(small, image_row("grok-4-1-fast")).quality == CountQuality::prior);
  CHECK(images_of(small, image_row("mistral-medium")).tokens == 9 * 7);
}

TEST_CASE("reasoning models: one token less, and two a reply, as recorded") {
  // gpt-5-nano of 2026-03: "What is 5 + 3?", "8", "Now multiply that by 2".
  ChatShape shape;
  shape.text_tokens = 8 + 1 + 6;
  shape.messages = 3;
  shape.replies = 1;
  const TokenCount found = frame_chat(shape, model("gpt-5-nano"));
  CHECK(found.tokens == 2 + 12 + 2 + 15);
  CHECK(found.quality == CountQuality::exact);
}

TEST_CASE("what else a request asks for costs what was billed for it") {
  struct Row {
    std::string_view what, name, tokenizer;
    void (*ask)(ChatShape&);
    std::int64_t more;
  };
  const auto required = [](ChatShape& s) { s.requires_tool = true; };
  const auto named = [](ChatShape& s) { s.names_tool = true; };
  const auto thinking = [](ChatShape& s) { s.thinking = true; };
  const auto responses = [](ChatShape& s) { s.responses = true; };
  const auto both = [](ChatShape& s) { s.responses = s.requires_tool = true; };
  const auto called = [](ChatShape& s) { s.tool_calls = s.calling = 1; };
  const auto twice = [](ChatShape& s) { s.tool_calls = 2, s.calling = 1; };
  const auto schema = [](ChatShape& s) { s.schema_tokens = 100; };
  const Row rows[] = {
      {"a named tool", "gpt-4o", "o200k", named, 9},
      {"a named tool", "gpt-5", "o200k", named, 0},
      {"a call, whichever", "gpt-4o", "o200k", required, 0},
      {"a call, whichever", "claude-haiku-4-5", "claude-3", required, 92},
      {"Responses", "gpt-4o", "o200k", responses, -6},
      {"Responses", "gpt-5.4", "o200k", responses, -81},
      {"Responses, a call", "gpt-4o", "o200k", both, 3},
      {"thinking", "claude-sonnet-4-5", "claude-3", thinking, 28},
      {"thinking", "claude-opus-4-8", "claude-4.7", thinking, 0},
      {"thinking", "gpt-5", "o200k", thinking, 0},
      {"a call and its result", "claude-sonnet-4-5", "claude-3", called, 52},
      {"two at once", "claude-sonnet-4-5", "claude-3", twice, 104},
      {"a schema", "gemini-2.5-flash", "gemma-3", schema, 0},
      {"a schema", "claude-sonnet-4-5", "claude-3", schema, 258},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CAPTURE(row.name);
    ChatShape shape;
    shape.messages = shape.tools = 1;
    shape.tool_json_tokens = shape.tool_shown_tokens = 50;
    const TokenCount without = frame_chat(shape, model(row.name, row.tokenizer));
    row.ask(shape);
    const TokenCount found = frame_chat(shape, model(row.name, row.tokenizer));
    CHECK(found.tokens - without.tokens == row.more);
    CHECK(found.upper >= found.tokens);
  }
}

TEST_CASE("absurd numbers saturate") {
  ChatShape shape;
  shape.text_tokens = std::numeric_limits<std::int64_t>::max();
  shape.messages = std::numeric_limits<std::int32_t>::max();
  shape.tools = -1;
  const TokenCount huge = frame_chat(shape, model("claude-opus-5-5", "claude-4.7"));
  CHECK(huge.tokens > 0);
  CHECK(huge.upper >= huge.tokens);
  shape.text_tokens = -5;
  shape.messages = -3;
  shape.tool_json_tokens = -9;
  const TokenCount negative = frame_chat(shape, model("gpt-4o"));
  CHECK(negative.tokens >= 0);
  CHECK(negative.upper >= negative.tokens);
}

TEST_CASE("the longest prefix finds the row") {
  CHECK(chat_row("gpt-5.1-codex", "o200k").with_tools == 103);
  CHECK(chat_row("gpt-5", "o200k").with_tools == 90);
  CHECK(chat_row("some-new-model", "o200k").prefix == "gpt-5");
  CHECK(chat_row("some-new-model", "qwen-3").prefix.empty());
  CHECK(chat_row("Qwen/Qwen3.5-9B", "qwen3.5").prefix == "qwen3.");
  CHECK(chat_row("meta-llama/Llama-3.3-70B-Instruct", "llama-4").prefix == "llama");
  CHECK(image_row("GPT-4o-mini").base == 2833);
  CHECK(image_row("gpt-4o-mini-2024").base == 2833);
  CHECK(tokenizer_row("o200k").exact);
  CHECK(!tokenizer_row("").exact);
}

TEST_CASE("tools of the provider's own cost what it says, only where their JSON is weighed") {
  CHECK(hosted_tool_tokens(R"([{"type":"bash_20250124","name":"bash"}])") == 245);
  CHECK(hosted_tool_tokens(R"([{"type":"text_editor_20250728"},{"type": "bash_20250124"}])") ==
        945);
  CHECK(hosted_tool_tokens(R"([{"name":"bash","input_schema":{}}])") == 0);
  ChatShape shape;
  shape.messages = shape.tools = 1;
  shape.tool_json_tokens = 20;
  const std::int64_t without = frame_chat(shape, model("claude-opus-4-7", "claude-4.7")).tokens;
  const std::int64_t openai = frame_chat(shape, model("gpt-5")).tokens;
  shape.hosted_tool_tokens = 700;
  const std::int64_t more =
      frame_chat(shape, model("claude-opus-4-7", "claude-4.7")).tokens - without;
  CHECK(more >= 700);
  CHECK(more <= 800);
  CHECK(frame_chat(shape, model("claude-3-opus", "claude-3")).upper >= 700);
  CHECK(frame_chat(shape, model("gpt-5")).tokens == openai);
}
