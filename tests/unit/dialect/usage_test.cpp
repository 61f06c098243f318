#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/dialect/openai_usage.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using openai::parse_dollars;

ReportedUsage parse(const std::string& json) {
  ReportedUsage usage;
  LenientReader reader(json);
  REQUIRE(openai::read_usage(reader, usage));
  return usage;
}

TEST_CASE("usage: each endpoint's arithmetic ends in the same four classes") {
  struct Row {
    const char* json;
    bool exclusive;
    std::int64_t uncached, read, write, output, reasoning;
    UsageNote note;
  };
  const auto plain = UsageNote::plain;
  const Row rows[] = {
      {R"({"prompt_tokens":100,"completion_tokens":20,"total_tokens":120})", false, 100, 0, 0, 20,
       0, plain},
      {R"({"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":30},"completion_tokens_details":{"reasoning_tokens":12}})",
       false, 6, 64, 30, 20, 12, plain},
      {"{\"prompt_tokens\":32,\"completion_tokens\":9,\"total_tokens\":141,\"completion_tokens_"
       "details\":{\"reasoning_tokens\":100}}",
       false, 32, 0, 0, 109, 100, UsageNote::reasoning_added},  // xAI, by its total
      {"{\"prompt_tokens\":32,\"completion_tokens\":9,\"completion_tokens_details\":{\"reasoning_"
       "tokens\":100}}",
       true, 32, 0, 0, 109, 100, UsageNote::reasoning_added},  // xAI, by its quirk
      {"{\"prompt_tokens\":32,\"completion_tokens\":109,\"total_tokens\":141,\"completion_tokens_"
       "details\":{\"reasoning_tokens\":100}}",
       true, 32, 0, 0, 109, 100, plain},  // the total overrules the quirk
      {R"({"prompt_tokens":208,"completion_tokens":5,"total_tokens":213,"prompt_tokens_details":{"cached_tokens":314}})",
       false, 208, 314, 0, 5, 0, UsageNote::cached_outside},  // Azure Grok
      {R"({"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"prompt_cache_hit_tokens":40,"prompt_cache_miss_tokens":10})",
       false, 10, 40, 0, 5, 0, plain},  // DeepSeek
      {R"({"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"cached_tokens":7})", false,
       43, 7, 0, 5, 0, plain},  // Kimi
      {R"({"prompt_tokens":50,"completion_tokens":5,"cache_creation_input_tokens":20,"cache_read_input_tokens":10})",
       false, 20, 10, 20, 5, 0, plain},
      {R"({"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"prompt_tokens_details":{"cached_tokens":10,"cache_creation_input_tokens":20,"cache_type":"ephemeral"}})",
       false, 20, 10, 20, 5, 0, plain},  // Qwen
      {R"({"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"num_cached_tokens":16})",
       false, 34, 16, 0, 5, 0, plain},  // Mistral
      {R"({"num_cached_tokens":64,"prompt_tokens":10,"total_tokens":152,"completion_tokens":142})",
       false, 0, 10, 0, 142, 0, UsageNote::clamped},  // likewise, as recorded
      {R"({"prompt_tokens":50,"completion_tokens":5,"num_cached_tokens":16,"prompt_tokens_details":{"cached_tokens":32}})",
       false, 18, 32, 0, 5, 0, plain},
      {R"({"prompt_tokens":9,"completion_tokens":248,"total_tokens":632})", false, 384, 0, 0, 248,
       0, UsageNote::input_unexplained},
      {R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":3})", false, 10, 0, 0, 5, 0,
       plain},
      {R"({"prompt_tokens":-4,"completion_tokens":5})", false, 0, 0, 0, 5, 0, UsageNote::clamped},
      {R"({"prompt_tokens":1e30,"completion_tokens":99999999999999999999})", false,
       usage_tokens_max, 0, 0, usage_tokens_max, 0, UsageNote::clamped},
      {R"({"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":8,"cache_write_tokens":8}})",
       false, 0, 8, 8, 1, 0, UsageNote::clamped},
      {R"({"prompt_tokens":10.0,"completion_tokens":null,"total_tokens":null})", false, 10, 0, 0, 0,
       0, plain},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    const ReportedUsage reported = parse(row.json);
    CHECK(reported.present);
    const TokenUsage u = normalise(reported, UsageQuirks{row.exclusive});
    CHECK(u.uncached == row.uncached);
    CHECK(u.cache_read == row.read);
    CHECK(u.cache_write == row.write);
    CHECK(u.output == row.output);
    CHECK(u.reasoning == row.reasoning);
    CHECK(std::string(name_of(u.note)) == name_of(row.note));
  }
}

TEST_CASE("usage: sound and pictures are parts of what they are in") {
  struct Row {
    const char* json;
    std::int64_t audio_in, image_in, audio_out, image_out, uncached, output;
  };
  const Row rows[] = {
      {R"({"prompt_tokens":100,"completion_tokens":80,"prompt_tokens_details":{"audio_tokens":30,"image_tokens":20,"cached_tokens":10},"completion_tokens_details":{"audio_tokens":60,"reasoning_tokens":0}})",
       30, 20, 60, 0, 90, 80},
      {R"({"prompt_tokens":100,"completion_tokens":8,"prompt_tokens_details":{"audio_tokens":90,"cached_tokens":60}})",
       40, 0, 0, 0, 40, 8},
      {R"({"prompt_tokens":5,"completion_tokens":8,"prompt_tokens_details":{"audio_tokens":-3,"image_tokens":99}})",
       0, 5, 0, 0, 5, 8},
      {R"({"input_tokens":5,"output_tokens":8,"output_tokens_details":{"audio_tokens":6,"image_tokens":6}})",
       0, 0, 6, 2, 5, 8},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    const TokenUsage u = normalise(parse(row.json), {});
    CHECK(u.audio_input == row.audio_in);
    CHECK(u.image_input == row.image_in);
    CHECK(u.audio_output == row.audio_out);
    CHECK(u.image_output == row.image_out);
    CHECK(u.uncached == row.uncached);
    CHECK(u.output == row.output);
  }
}

TEST_CASE("usage: what is not a usage object leaves the last one alone") {
  for (const char* json :
       {"null", "3", "[]", "{}", "\"x\"", R"({"total_tokens":null,"search_context_size":"low"})"}) {
    CHECK_FALSE(parse(json).present);
  }
}

TEST_CASE("usage: dollars become nano-dollars, rounded up") {
  struct Row {
    const char* text;
    std::int64_t nano;
  };
  const Row rows[] = {
      {"0", 0},
      {"1", 1'000'000'000},
      {"0.00012", 120'000},
      {"1.2e-05", 12'000},
      {"1.5E+2", 150'000'000'000},
      {"0.0000000001", 1},
      {"0.0000000010", 1},
      {"0.0000000011", 2},
      {"0.1234567891", 123'456'790},
      {"1e-400", 1},
      {"1e400", INT64_MAX},
      {"9223372036.854775807", INT64_MAX},
      {"99999999999", INT64_MAX},
      {"-1", 0},
      {"abc", 0},
      {"", 0},
      {"1.", 0},
      {"0.00000000000000000000000000000000000000000000000000001", 1},
      {"1.0000000000000000000000000000000000000001", 1'000'000'001},
      {"12345678901234567890123", INT64_MAX},
      {"0e5", 0},
      {"1e99999999999999999999", INT64_MAX},
      {"1e-99999999999999999999", 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_dollars(row.text).v == row.nano);
  }
  CHECK(parse(R"({"prompt_tokens":1,"cost":0.00012})").cost.v == 120'000);
  CHECK(parse(R"({"prompt_tokens":1,"cost":{"input_tokens_cost":1,"total_cost":0.005}})").cost.v ==
        5'000'000);
  CHECK_FALSE(parse(R"({"prompt_tokens":1,"cost":null})").cost_present);
}

void check_invariants(const ReportedUsage& r, const TokenUsage& u) {
  CHECK(u.uncached >= 0);
  CHECK(u.cache_read >= 0);
  CHECK(u.cache_write >= 0);
  CHECK(u.output >= r.completion);
  CHECK(u.reasoning <= u.output);
  CHECK(u.cache_write_1h <= u.cache_write);
  CHECK(std::min({u.audio_input, u.image_input, u.audio_output, u.image_output}) >= 0);
  CHECK(u.audio_input + u.image_input <= u.uncached);
  CHECK(u.audio_output + u.image_output <= u.output);
  CHECK(u.input() >= r.prompt);
  if (u.note == UsageNote::plain) {
    CHECK(u.input() == r.prompt);
    CHECK(u.output == r.completion);
  }
  const bool adds_up =
      u.note == UsageNote::reasoning_added || u.note == UsageNote::input_unexplained;
  if (adds_up && r.total_present) CHECK(u.input() + u.output == r.total);
}

TEST_CASE("usage: invariants hold over all recorded usages, and odd ones are few") {
  openai::ResponseParser parser;
  std::map<std::string, int> notes;
  for (const auto& exchange : testing::recorded_chat()) {
    CAPTURE(exchange.id);
    CAPTURE(exchange.provider);
    ReportedUsage reported;
    if (exchange.stream) {
      openai::StreamTap tap({});
      openai::TapOutput out;
      tap.feed(exchange.response, out);
      reported = tap.facts().usage;
    } else {
      openai::ChatAnswer answer;
      parser.parse(exchange.response, answer);
      reported = answer.usage;
    }
    if (!reported.present) continue;
    const TokenUsage usage = normalise(reported, {});
    check_invariants(reported, usage);
    ++notes[name_of(usage.note)];
    if (usage.note != UsageNote::plain)
      ++notes[std::string(name_of(usage.note)) + " " + exchange.provider];
  }
  if (testing::recorded_chat().empty()) return;
  for (const auto& [note, count] : notes) MESSAGE(note << ": " << count);
  CHECK(notes["plain"] > 1'800);
  CHECK(notes["clamped"] == 1);
  CHECK(notes["clamped mistral"] == 1);  // 64 cached of a prompt of 10
}

}  // namespace
}  // namespace steelyard::dialect
