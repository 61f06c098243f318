#include "gateway/telemetry/receipt_json.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include <array>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/telemetry/sample.h"

using namespace steelyard;
using namespace steelyard::telemetry;

namespace {

std::string line_of(const Receipt& receipt) {
  ReceiptFormatter formatter;
  return std::string(formatter.format(receipt));
}

// Parses the line with an independent parser, which also checks UTF-8.
simdjson::dom::element parsed(simdjson::dom::parser& parser, const std::string& line) {
  REQUIRE(line.size() <= receipt_line_bytes_max);
  REQUIRE(line.back() == '\n');
  for (std::size_t i = 0; i + 1 < line.size(); ++i)
    REQUIRE(static_cast<unsigned char>(line[i]) >= 0x20);
  simdjson::dom::element root;
  REQUIRE(parser.parse(simdjson::padded_string(line)).get(root) == simdjson::SUCCESS);
  return root;
}

// Every text at `text`, every number at `number`, every list full.
void fill(Receipt& r, std::string_view text, std::int64_t number) {
  r.trace_hi = r.id.hi = r.id.lo = UINT64_MAX;
  r.start = r.end = r.completion_start = {INT64_MAX - 1};
  policies::RequestFacts& f = r.facts;
  f.organisation = f.team = f.key = f.requested_model = f.client = f.tags = f.session = f.task =
      f.tier_header = text;
  f.output_tokens_max = number;
  f.turns = f.choices = INT32_MIN;
  r.call = CallType::generate_content;
  r.failed = true;
  r.error = ErrorKind::upstream_protocol;
  r.http_status = UINT16_MAX;
  r.error_text = text;
  r.finish_reason = text;
  r.client_abort = ClientAbort::before_first_byte;
  r.model = r.provider = r.policy = r.tier = r.price_source = r.price_version = r.config_digest =
      text;
  r.counterfactual_model = text;
  r.estimate = {number, number, number, number, text};
  r.usage = {number / 2, number, number, number / 2, number};
  r.spend = r.held = r.counterfactual = r.saved = r.overrun = {number};
  r.durations = {number, number, number, number, number, number, number, number};
  r.retries = UINT16_MAX;
  while (ReceiptAttempt* a = r.attempts.add()) {
    a->provider = a->model = text;
    a->failed = true;
    a->ttfb_ns = a->duration_ns = number;
    a->expected = a->held = a->cost = {number};
    a->usage = {number, number, number, number, number};
  }
  static std::array<router::AccountView, limits::windows_per_request_max> budgets;
  budgets.fill(test::budget(text, WindowKind::lifetime, number, number, number, INT64_MAX - 1));
  r.budgets = budgets;
  while (ReceiptCandidate* c = r.candidates.add()) *c = {text, text, {number}, text};
}

}  // namespace

TEST_CASE("receipt: the line of a typical request, byte for byte") {
  const std::string expected =
      R"({"schema_version":1,"request_id":"req_0123456789abcdeffedcba9876543210",)"
      R"("session_id":"sess-8812","task_id":"ticket-991","startTime":"2026-11-22T06:07:08.123456789Z",)"
      R"("endTime":"2026-11-22T06:07:09.923456789Z","completionStartTime":"2026-11-22T06:07:08.623456789Z",)"
      R"("request_duration_ms":1800,"organization_id":"acme","team_id":"search","user_api_key_alias":"search-prod",)"
      R"("request_tags":["nightly","eval"],"call_type":"chat_completions","client_dialect":"openai",)"
      R"("upstream_dialect":"anthropic","stream":true,"status":"success","http_status":200,)"
      R"("finish_reason":"end_turn","model_group":"auto",)"
      R"("model":"claude-sonnet-5","custom_llm_provider":"anthropic","policy":"short-questions","tier":"standard",)"
      R"("facts":{"output_tokens_max":4096,"turns":7,"user_turns":3,"choices":1,"tools":true,)"
      R"("client":"openai-python","client_version":"1.40.0","warm_tokens":2048},)"
      R"("estimate":{"input_tokens":3811,"input_tokens_upper":3902,"input_tokens_error":0,"output_tokens_expected":420,)"
      R"("output_tokens_max":4096,"quality":"exact"},"prompt_tokens":3820,"completion_tokens":377,)"
      R"("cache_read_input_tokens":2048,"cache_creation_input_tokens":512,"reasoning_tokens":120,)"
      R"("total_tokens":4197,"usage_source":"provider","spend_nano_usd":12345678,"held_nano_usd":73456789,)"
      R"("counterfactual_model":"claude-opus-5","counterfactual_nano_usd":93456789,)"
      R"("saved_nano_usd":81111111,"price_source":"anthropic.com/pricing","price_version":"2026-11-01",)"
      R"("config_hash":"9f86d081884c7d65","durations_ns":{"auth":2100,"parse":8400,"count":31000,"decide":1900,)"
      R"("reserve":700,"ttft":500123456,"total":1800123456,"overhead":71000},)"
      R"("attempts":[{"provider":"anthropic","model":"claude-sonnet-5","status":200,)"
      R"("ttfb_us":499000,"duration_us":1799000,"expected_nano_usd":14000000,"held_nano_usd":73456789,)"
      R"("cost_nano_usd":12345678,"usage_source":"provider","prompt_tokens":3820,"completion_tokens":377,)"
      R"("cache_read_input_tokens":2048,"cache_creation_input_tokens":512,"reasoning_tokens":120}],)"
      R"("budgets":[{"scope":"acme/search","window":"day","limit_nano_usd":150000000000,)"
      R"("posted_nano_usd":1234567890,"resets_at":"2026-11-23T00:00:00Z"},)"
      R"({"scope":"acme","window":"lifetime","limit_nano_usd":2000000000000,"posted_nano_usd":1234567890123,)"
      R"("held_nano_usd":73}],)"
      R"("candidates":[{"model":"claude-sonnet-5","provider":"anthropic","expected_nano_usd":14000000},)"
      R"({"model":"gpt-6-luna","provider":"openai","expected_nano_usd":9000000,"reason":"tier"}]})"
      "\n";
  CHECK(line_of(test::typical()) == expected);
}

TEST_CASE("receipt: a request refused before it was understood is still a whole line") {
  Receipt r;
  r.id = {0, 1};
  r.start = r.end = {1795327628000000000};
  r.failed = true;
  r.error = ErrorKind::bad_request;
  r.http_status = 400;
  r.error_text = "expected `messages` to be an array";
  simdjson::dom::parser parser;
  const auto root = parsed(parser, line_of(r));
  CHECK(std::string_view(root["status"]) == "failure");
  CHECK(std::string_view(root["error_class"]) == "bad_request");
  CHECK(std::string_view(root["error_str"]) == "expected `messages` to be an array");
  CHECK(std::string_view(root["request_id"]) == "req_00000000000000000000000000000001");
  for (const char* key : {"trace_id", "completionStartTime", "request_tags", "stream", "team_id",
                          "finish_reason", "counterfactual_nano_usd", "saved_nano_usd"}) {
    CAPTURE(key);
    CHECK(root[key].error() == simdjson::NO_SUCH_FIELD);
  }
  CHECK(line_of(r).find("null") == std::string::npos);
  CHECK(root["attempts"].get_array().size() == 0);
}

TEST_CASE("receipt: the longest possible line is bounded, valid, and says what it left out") {
  for (const std::string& text :
       {std::string(5000, 'x'), std::string(5000, '\x01'), std::string(5000, '"'),
        std::string(5000, '\xff'), std::string("\xF0\x9F\x98\x80", 4)}) {
    for (const std::int64_t number : {INT64_MIN, INT64_MAX, std::int64_t{0}}) {
      Receipt r;
      fill(r, text, number);
      simdjson::dom::parser parser;
      const auto root = parsed(parser, line_of(r));
      const auto left_out = [&](const char* list, const char* key, std::size_t all) {
        std::uint64_t omitted = 0;
        if (root[key].get(omitted) != simdjson::SUCCESS) omitted = 0;
        CHECK(root[list].get_array().size() + omitted == all);
      };
      // One more was refused by each list than fits it: the add() that ended fill()'s loop.
      left_out("attempts", "attempts_omitted", r.attempts.size() + 1);
      left_out("budgets", "budgets_omitted", r.budgets.size());
      left_out("candidates", "candidates_omitted", r.candidates.size() + 1);
    }
  }
}

TEST_CASE("receipt: candidates go first when room is short, attempts stay") {
  Receipt r = test::typical();
  while (ReceiptAttempt* a = r.attempts.add()) *a = test::answered();
  while (r.candidates.size() < r.candidates.capacity())
    r.candidates.add(
        {"some-model-of-a-name-that-is-longer-than-most-of-them-are-by-half-a-line-or-more-2026-11-"
         "22",
         "some-provider-with-a-long-name-as-well",
         {123'456'789},
         "capability"});
  simdjson::dom::parser parser;
  const auto root = parsed(parser, line_of(r));
  CHECK(root["attempts"].get_array().size() == limits::attempts_max);
  CHECK(root["budgets"].get_array().size() == 2);
  const std::size_t shown = root["candidates"].get_array().size();
  CHECK(shown > 0);
  CHECK(std::uint64_t(root["candidates_omitted"]) == r.candidates.size() - shown);
}

TEST_CASE("receipt: no text, whatever its bytes, can forge a line or a field") {
  CHECK(rc::check([](const std::string& a, const std::string& b) {
    auto r = std::make_unique<Receipt>(test::typical());
    r->facts.session = r->facts.tags = r->model = a;
    r->error_text = std::string_view(b);
    r->failed = true;
    ReceiptFormatter formatter;
    const std::string line(formatter.format(*r));
    RC_ASSERT(line.find('\n') == line.size() - 1);
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    RC_ASSERT(parser.parse(simdjson::padded_string(line)).get(root) == simdjson::SUCCESS);
    RC_ASSERT(root.get_object().size() == 43u + (a.empty() ? 0 : 3) + (b.empty() ? 0 : 1));
  }));
}

TEST_CASE("receipt: a formatter with a memory prints what one without prints") {
  const std::string names[] = {"a", "bb", "a-name-of-some-length", "quo\"te", "\xF0\x9F\x98\x80"};
  const std::vector<std::string> moved(std::begin(names), std::end(names));  // same texts elsewhere
  ReceiptFormatter remembering;
  Receipt r = test::typical();
  std::uint64_t state = 20261122;
  const auto below = [&state](std::uint64_t n) {
    state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return (state >> 33) % n;
  };
  int same = 0;
  for (int round = 0; round < 3'000; ++round) {
    const auto name = [&]() -> std::string_view {
      const std::size_t i = below(std::size(names) + 1);
      if (i == std::size(names)) return {};
      return below(2) == 0 ? names[i] : moved[i];
    };
    r.facts.organisation = name();
    r.facts.team = name();
    r.facts.key = name();
    r.policy = name();
    r.tier = name();
    r.model = name();
    r.provider = name();
    r.price_version = name();
    r.config_digest = name();
    r.attempts[0].model = name();
    r.attempts[0].provider = name();
    r.candidates[0].model = name();
    r.candidates[0].provider = name();
    router::AccountView budget = test::budgets()[1];
    budget.scope = name();
    budget.limit = {static_cast<std::int64_t>(below(3))};
    budget.per = static_cast<WindowKind>(below(3));
    budget.window_end = {static_cast<std::int64_t>(below(3) * 100'000'000'000'000)};
    r.budgets = {&budget, 1};
    r.failed = below(4) == 0;
    r.http_status = static_cast<std::uint16_t>(200 + below(2));
    r.client_abort = static_cast<ClientAbort>(below(3));
    r.facts.stream = below(2) == 0;
    r.usage = r.attempts[0].usage;
    r.usage.completion += static_cast<std::int64_t>(below(2));
    r.spend = {static_cast<std::int64_t>(below(2) * 12'345'678)};
    r.generation = 1;
    const std::string line(remembering.format(r));
    r.generation = 0;
    same += line == line_of(r) ? 1 : 0;
  }
  CHECK(same == 3'000);
}

TEST_CASE("receipt: names that stand where others stood are told apart by the configuration") {
  char name[] = "first-team";
  Receipt r = test::typical();
  r.facts.team = name;
  ReceiptFormatter formatter;
  r.generation = 1;
  CHECK(formatter.format(r).find("first-team") != std::string_view::npos);
  std::memcpy(name, "other", 5);
  r.generation = 2;
  CHECK(formatter.format(r).find("other-team") != std::string_view::npos);
}

TEST_CASE("receipt: tags") {
  struct Row {
    const char* why;
    std::string_view tags, expected;
  };
  for (const Row& row :
       {Row{"blanks only", " , ", "[]"}, Row{"one", "a", "[\"a\"]"},
        Row{"blanks", " a , b ", "[\"a\",\"b\"]"}, Row{"empty ones", ",,a,,", "[\"a\"]"},
        Row{"quote", "a\"b", "[\"a\\\"b\"]"}}) {
    CAPTURE(row.why);
    Receipt r;
    r.facts.tags = row.tags;
    const std::string line = line_of(r), key = "\"request_tags\":";
    const std::size_t at = line.find(key) + key.size();
    CHECK(line.substr(at, row.expected.size()) == row.expected);
  }
}

TEST_CASE("receipt: reset makes it new") {
  Receipt used;
  fill(used, "text", 77);
  used.reset();
  CHECK(line_of(used) == line_of(Receipt()));
}

TEST_CASE("receipt: the printed id is the one of the headers") {
  char text[request_id_bytes];
  CHECK(std::string(text, write_request_id(text, {0xab, 0x0123456789abcdefULL})) ==
        "req_00000000000000ab0123456789abcdef");
}
