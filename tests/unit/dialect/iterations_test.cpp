// Rounds of one request of Anthropic's (`usage.iterations`): what the top level leaves out is
// billed as well (research/wire 1.2.6, 2.9).
#include <doctest/doctest.h>

#include "gateway/dialect/anthropic_usage.h"

namespace steelyard::dialect::anthropic {
namespace {

TokenUsage billed(std::initializer_list<std::string_view> reports) {
  Usage usage;
  for (const std::string_view report : reports) {
    LenientReader reader(report);
    REQUIRE(read_usage(reader, usage));
  }
  return normalise(reported(usage), {});
}

TEST_CASE("iterations: a sum over all that the top level leaves out") {
  struct Row {
    const char* usage;
    std::int64_t uncached, read, write, write_1h, output;
  };
  constexpr Row rows[] = {
      // One round is the top level.
      {R"({"input_tokens":50,"output_tokens":7,"iterations":[{"type":"message","input_tokens":50,"output_tokens":7}]})",
       50, 0, 0, 0, 7},
      // Compaction: a summary of 3,500 tokens of 180,000, then the answer.
      {R"({"input_tokens":23000,"output_tokens":1000,"iterations":[
          {"type":"compaction","input_tokens":180000,"output_tokens":3500},
          {"type":"message","input_tokens":23000,"output_tokens":1000}]})",
       203000, 0, 0, 0, 4500},
      // Twice, and with all kinds of cache.
      {R"({"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":5,
          "cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":0},"iterations":[
          {"type":"compaction","input_tokens":1,"cache_read_input_tokens":1000,"cache_creation_input_tokens":40,
           "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":30},"output_tokens":50},
          {"type":"compaction","input_tokens":2,"cache_creation":{"ephemeral_1h_input_tokens":5},"output_tokens":60},
          {"type":"message","input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":5}]})",
       13, 1100, 65, 35, 115},
      // Another model's advice; it has a model of its own, at whose price it is not counted here.
      {R"({"input_tokens":10,"output_tokens":5,"iterations":[{"type":"message","input_tokens":10,"output_tokens":5},
          {"type":"advisor_message","model":"claude-opus-5-5","input_tokens":800,"output_tokens":90}]})",
       810, 0, 0, 0, 95},
      // The top level has a fallback's tokens already.
      {R"({"input_tokens":30,"output_tokens":5,"iterations":[{"type":"message","input_tokens":10,"output_tokens":0},
          {"type":"fallback_message","model":"claude-opus-5","input_tokens":20,"output_tokens":5}]})",
       30, 0, 0, 0, 5},
      {R"({"input_tokens":3,"output_tokens":1,"iterations":null})", 3, 0, 0, 0, 1},
      {R"({"input_tokens":3,"output_tokens":1,"iterations":[]})", 3, 0, 0, 0, 1},
      {R"({"input_tokens":3,"output_tokens":1,"iterations":[{"type":"compaction","input_tokens":-5,"output_tokens":null}]})",
       3, 0, 0, 0, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.usage);
    const TokenUsage usage = billed({row.usage});
    CHECK(usage.uncached == row.uncached);
    CHECK(usage.cache_read == row.read);
    CHECK(usage.cache_write == row.write);
    CHECK(usage.cache_write_1h == row.write_1h);
    CHECK(usage.output == row.output);
  }
}

TEST_CASE("iterations: a stream reports them at its end, for the whole, and once") {
  const TokenUsage usage = billed(
      {R"({"input_tokens":40,"output_tokens":1})",
       R"({"input_tokens":40,"output_tokens":9,"iterations":[{"type":"compaction","input_tokens":500,"output_tokens":20},{"type":"message","input_tokens":40,"output_tokens":9}]})",
       R"({"input_tokens":40,"output_tokens":10,"iterations":[{"type":"compaction","input_tokens":500,"output_tokens":20},{"type":"message","input_tokens":40,"output_tokens":10}]})"});
  CHECK(usage.uncached == 540);
  CHECK(usage.output == 30);
}

}  // namespace
}  // namespace steelyard::dialect::anthropic
