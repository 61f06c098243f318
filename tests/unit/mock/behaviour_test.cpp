#include <doctest/doctest.h>

#include "gateway/mock/behaviour.h"
#include "gateway/mock/chance.h"

using namespace steelyard::mock;

TEST_CASE("behaviour: JSON and back") {
  const char* const rows[] = {
      R"({"latency_ms":12.5})",
      R"({"usage":"in_finish","answer":"tool_call","framing":"close","fault":"no_done"})",
      R"({"fail_rate":0.25,"fail_first":3,"fail_every":7,"status":529,"counter":"a\"b"})",
      R"({"headers":{"x-one":"1","anthropic-ratelimit-requests-remaining":"9"}})",
      R"({"split_writes":true,"text":"\u00fcber\n","bill_on_abort":"all"})",
  };
  for (const std::string row : rows) {
    CAPTURE(row);
    Behaviour first;
    REQUIRE(apply_behaviour(first, row).has_value());
    CHECK(behaviour_json(first) != behaviour_json(Behaviour()));
    Behaviour second;
    REQUIRE(apply_behaviour(second, behaviour_json(first)).has_value());
    CHECK(behaviour_json(second) == behaviour_json(first));
  }
  Behaviour timed;
  REQUIRE(apply_behaviour(timed, R"({"latency_ms":12.5,"headers":{"a":"b"}})").has_value());
  CHECK(timed.latency_us == 12500);
  CHECK(timed.headers == "a: b\r\n");
}

TEST_CASE("behaviour: bad input is refused, named, and changes nothing") {
  struct Row {
    std::string json;
    const char* named;
  };
  const Row rows[] = {
      {"", "JSON object"},
      {"[]", "JSON object"},
      {"{", "JSON object"},
      {R"({"latncy_ms":5})", "latncy_ms"},
      {R"({"latency_ms":-1})", "latency_ms"},
      {R"({"latency_ms":"5"})", "latency_ms"},
      {R"({"status":200})", "status"},
      {R"({"status":600})", "status"},
      {R"({"status":4.5})", "status"},
      {R"({"fault":"explode"})", "fault"},
      {R"({"fail_rate":1.5})", "fail_rate"},
      {R"({"tokens_per_chunk":0})", "tokens_per_chunk"},
      {R"({"crlf":1})", "crlf"},
      {R"({"headers":{"a b":"c"}})", "headers"},
      {R"({"headers":{"a":"b\r\nc: d"}})", "headers"},
      {R"({"headers":["a"]})", "headers"},
      {R"({"output_tokens":5,"text":7})", "text"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    Behaviour behaviour;
    const auto applied = apply_behaviour(behaviour, row.json);
    REQUIRE_FALSE(applied.has_value());
    CHECK(applied.error().context.find(row.named) != std::string::npos);
    CHECK(behaviour_json(behaviour) == behaviour_json(Behaviour()));
  }
}

TEST_CASE("behaviour: every name is documented") {
  const auto docs = behaviour_docs();
  CHECK(docs.size() > 40);
  for (const auto& doc : docs) {
    CAPTURE(doc.name);
    CHECK_FALSE(doc.takes.empty());
    CHECK_FALSE(doc.text.empty());
  }
}

TEST_CASE("chance: who fails") {
  struct Row {
    std::string why;
    std::string json;
    const char* expected;  // of requests 1..8
  };
  const Row rows[] = {
      {"nothing is set", R"({})", "........"},
      {"a rate without a failure", R"({"fail_rate":1})", "........"},
      {"status alone", R"({"status":500})", "xxxxxxxx"},
      {"first K", R"({"status":500,"fail_first":3})", "xxx....."},
      {"every Nth", R"({"fault":"cut","fail_every":3})", "..x..x.."},
      {"both", R"({"fault":"cut","fail_first":1,"fail_every":4})", "x..x...x"},
      {"never", R"({"status":500,"fail_rate":0})", "........"},
      {"always", R"({"status":500,"fail_rate":1})", "xxxxxxxx"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    Behaviour behaviour;
    REQUIRE(apply_behaviour(behaviour, row.json).has_value());
    std::string got;
    for (std::uint64_t number = 1; number <= 8; ++number)
      got += fails(behaviour, number) ? 'x' : '.';
    CHECK(got == row.expected);
  }
}

TEST_CASE("chance: rates and percentiles come out as asked, and repeat with the seed") {
  Behaviour behaviour;
  REQUIRE(apply_behaviour(behaviour, R"({"status":500,"fail_rate":0.1,"latency_p50_ms":10,
      "latency_p90_ms":40,"latency_p99_ms":200,"seed":7})")
              .has_value());
  int failed = 0, above_p50 = 0, above_p90 = 0, above_p99 = 0;
  for (std::uint64_t number = 1; number <= 100'000; ++number) {
    failed += fails(behaviour, number);
    const std::int64_t latency = latency_us(behaviour, number);
    above_p50 += latency >= 10'000;
    above_p90 += latency >= 40'000;
    above_p99 += latency >= 200'000;
    CHECK(latency >= 5'000);
    CHECK(latency <= 300'000);
  }
  CHECK(failed == doctest::Approx(10'000).epsilon(0.05));
  CHECK(above_p50 == doctest::Approx(50'000).epsilon(0.02));
  CHECK(above_p90 == doctest::Approx(10'000).epsilon(0.05));
  CHECK(above_p99 == doctest::Approx(1'000).epsilon(0.15));
  CHECK(latency_us(behaviour, 42) == latency_us(behaviour, 42));
  Behaviour other = behaviour;
  other.seed = 8;
  CHECK(latency_us(behaviour, 42) != latency_us(other, 42));
}
