#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_usage.h"
#include "tests/unit/dialect/support.h"

namespace steelyard::dialect {
namespace {

using namespace openai;

ChatAnswer parse(std::string_view body) {
  static ResponseParser parser;
  ChatAnswer answer;
  parser.parse(body, answer);
  return answer;
}

std::string with_message(const std::string& message, const std::string& finish = "\"stop\"") {
  return R"({"id":"c","model":"m-1","choices":[{"index":0,"message":)" + message +
         ",\"finish_reason\":" + finish +
         R"(}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})";
}

TEST_CASE("answer: what a policy may escalate on") {
  struct Row {
    const char* why;
    std::string body;
    bool valid, empty, refusal, bad_arguments;
    FinishReason finish;
    const char* tools;
  };
  const auto stop = FinishReason::stop;
  const auto calls = FinishReason::tool_calls;
  const Row rows[] = {
      {"text", with_message(R"({"role":"assistant","content":"hi","refusal":null})"), true, false,
       false, false, stop, ""},
      {"blank lines before it", "\n\n\n" + with_message(R"({"content":"hi"})"), true, false, false,
       false, stop, ""},
      {"empty text", with_message(R"({"content":""})"), true, true, false, false, stop, ""},
      {"null", with_message(R"({"content":null})"), true, true, false, false, stop, ""},
      {"thinking only", with_message(R"({"content":"","reasoning_content":"hm"})", "\"length\""),
       true, true, false, false, FinishReason::length, ""},
      {"no choices", R"({"choices":[]})", true, true, false, false, FinishReason::none, ""},
      {"one of two empty",
       R"({"choices":[{"index":0,"message":{"content":"a"}},{"index":1,"message":{"content":""}}]})",
       true, true, false, false, FinishReason::none, ""},
      {"refusal", with_message(R"({"content":null,"refusal":"no"})"), true, false, true, false,
       stop, ""},
      {"filtered", with_message(R"({"content":"x"})", "\"content_filter\""), true, false, true,
       false, FinishReason::content_filter, ""},
      {"sound", with_message(R"({"content":null,"audio":{"id":"a"}})"), true, false, false, false,
       stop, ""},
      {"tool call",
       with_message(
           R"({"content":null,"tool_calls":[{"id":"a","function":{"name":"f_1","arguments":"{\"x\":[1]}"}}]})",
           "\"tool_calls\""),
       true, false, false, false, calls, "f_1\n"},
      {"no arguments",
       with_message(R"({"tool_calls":[{"function":{"name":"f","arguments":""}}]})",
                    "\"tool_calls\""),
       true, false, false, false, calls, "f\n"},
      {"broken arguments",
       with_message(R"({"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":"}}]})",
                    "\"tool_calls\""),
       true, false, false, true, calls, "f\n"},
      {"arguments not an object",
       with_message(R"({"tool_calls":[{"function":{"name":"f","arguments":"[1]"}}]})",
                    "\"tool_calls\""),
       true, false, false, true, calls, "f\n"},
      {"arguments as an object",
       with_message(R"({"tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]})",
                    "\"tool_calls\""),
       true, false, false, false, calls, "f\n"},
      {"two calls",
       with_message(
           R"({"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{"}}]})",
           "\"function_call\""),
       true, false, false, true, calls, "f\ng\n"},
      {"custom tool",
       with_message(
           R"({"tool_calls":[{"type":"custom","custom":{"name":"k","input":"free text"}}]})",
           "\"tool_calls\""),
       true, false, false, false, calls, "k\n"},
      {"cut off", with_message(R"({"content":"hi"})").substr(0, 80), false, false, false, false,
       stop, ""},
      {"not JSON", "<html>", false, false, false, false, FinishReason::none, ""},
      {"not an object", "[]", false, false, false, false, FinishReason::none, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const ChatAnswer a = parse(row.body);
    CHECK(a.valid == row.valid);
    if (!row.valid) continue;
    CHECK(a.empty == row.empty);
    CHECK(a.refusal == row.refusal);
    CHECK(a.arguments_invalid == row.bad_arguments);
    CHECK(a.finish == row.finish);
    CHECK(a.tool_names == row.tools);
  }
}

TEST_CASE("answer: content that should be JSON, tools that should exist") {
  ResponseParser parser;
  CHECK(parser.is_json(R"({\"a\":1})"));
  CHECK(parser.is_json("3"));
  CHECK_FALSE(parser.is_json(R"({\"a\":1)"));
  CHECK_FALSE(parser.is_json("```json"));
  CHECK_FALSE(parser.is_json(""));
  const std::string tools =
      R"([{"type":"function","function":{"description":"d","name":"get_it"}},{"type":"custom","custom":{"name":"raw\u0041"}},{"name":"old"}])";
  CHECK(parser.tools_declared(tools, ""));
  CHECK(parser.tools_declared(tools, "get_it\n"));
  CHECK(parser.tools_declared(tools, "old\nrawA\nget_it\n"));
  CHECK_FALSE(parser.tools_declared(tools, "get_it\nd\n"));
  CHECK_FALSE(parser.tools_declared("", "f\n"));
}

TEST_CASE("answer: an error object in a 200 answer") {
  const ChatAnswer a = parse(R"({"error":{"message":"Provider returned error","code":429}})");
  CHECK_FALSE(a.valid);
  CHECK(a.fault.cls == FaultClass::rate_limited);
  CHECK_FALSE(parse(with_message(R"({"content":"a"})")).fault);
}

struct ErrorRow {
  int status;
  const char* body;
  FaultClass cls;
  const char* code;
};

// Shapes and wordings of providers' real errors, retold.
const ErrorRow kErrors[] = {
    {400,
     R"({"error":{"message":"bad","type":"invalid_request_error","param":"x","code":"unsupported_value"}})",
     FaultClass::client_invalid, "unsupported_value"},
    {401,
     R"({"error":{"message":"Incorrect API key provided: sk-.","type":"invalid_request_error","code":"invalid_api_key"}})",
     FaultClass::auth_upstream, "invalid_api_key"},
    {400, R"({"code":"invalid-argument","error":"Incorrect API key provided."})",
     FaultClass::auth_upstream, "invalid-argument"},
    {400, R"([{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}])",
     FaultClass::auth_upstream, "400"},
    {401, R"({"detail":"Invalid API Key"})", FaultClass::auth_upstream, ""},
    {403, R"({"error":{"message":"region"}})", FaultClass::auth_upstream, ""},
    {402, R"({"error":{"message":"Insufficient Balance"}})", FaultClass::balance, ""},
    {429,
     R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}})",
     FaultClass::balance, "insufficient_quota"},
    {429,
     R"({"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}})",
     FaultClass::rate_limited, "rate_limit_exceeded"},
    {429,
     R"({"error":{"code":429,"message":"You exceeded your current quota, please check","status":"RESOURCE_EXHAUSTED"}})",
     FaultClass::rate_limited, "429"},
    {429, R"({"error":{"code":"RateLimitReached","message":"exceeded rate limit."}})",
     FaultClass::rate_limited, "RateLimitReached"},
    {413,
     R"({"error":{"message":"Request too large for model","type":"tokens","code":"rate_limit_exceeded"}})",
     FaultClass::rate_limited, "rate_limit_exceeded"},
    {404, R"({"error":{"message":"The model `x` does not exist","code":"model_not_found"}})",
     FaultClass::model_missing, "model_not_found"},
    {404, R"({"error":"Specified model not found: x"})", FaultClass::model_missing, ""},
    {400, R"({"error":{"code":400,"message":"x is not a valid model ID"},"user_id":"u"})",
     FaultClass::model_missing, "400"},
    {400, R"({"code":"1500","message":"Invalid model: x","object":"error","type":"invalid_model"})",
     FaultClass::model_missing, "1500"},
    {400,
     R"({"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded"}})",
     FaultClass::context_length, "context_length_exceeded"},
    {400,
     R"({"error":{"message":"This model's maximum context length is 1048565 tokens. However, you requested more","code":"invalid_request_error"}})",
     FaultClass::context_length, "invalid_request_error"},
    {400,
     R"({"error":{"message":"prompt too long; exceeded max context length by 5 tokens","code":null}})",
     FaultClass::context_length, ""},
    {400,
     R"({"error":{"message":"The total length of all messages is too long.","type":"too_many_prompt_tokens","code":400}})",
     FaultClass::context_length, "400"},
    {400,
     R"({"error":{"code":400,"message":"request (2009 tokens) exceeds the available context size","type":"exceed_context_size_error"}})",
     FaultClass::context_length, "400"},
    {400, R"({"error":{"message":"filtered","code":"content_filter"}})", FaultClass::refused,
     "content_filter"},
    {400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}})",
     FaultClass::balance, ""},
    {400,
     R"({"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}})",
     FaultClass::auth_upstream, "400"},
    {429,
     R"({"error":{"message":"Your account is suspended","type":"exceeded_current_quota_error"}})",
     FaultClass::balance, ""},
    {400, R"({"error":{"code":"Arrearage","message":"Access denied.","type":"Arrearage"}})",
     FaultClass::balance, "Arrearage"},
    {400, R"({"error":{"code":"data_inspection_failed","message":"Input data may be unfit."}})",
     FaultClass::refused, "data_inspection_failed"},
    {429, R"({"error":{"code":"1113","message":"No balance."}})", FaultClass::balance, "1113"},
    {429, R"({"error":{"code":"1302","message":"Too fast, account 1113."}})",
     FaultClass::rate_limited, "1302"},
    {400, R"({"error":{"code":"1261","message":"Prompt exceeds max length"}})",
     FaultClass::context_length, "1261"},
    {400, R"({"error":{"code":"11261","message":"1261 items"}})", FaultClass::client_invalid,
     "11261"},
    {403,
     R"({"error":{"code":"AccountOverdueError","message":"an overdue balance","type":"Forbidden"}})",
     FaultClass::balance, "AccountOverdueError"},
    {400,
     R"({"error":{"code":"SensitiveContentDetected","message":"sensitive","type":"BadRequest"}})",
     FaultClass::refused, "SensitiveContentDetected"},
    {400,
     R"({"error":{"code":"InputTextSensitiveContentDetected","message":"x","type":"BadRequest"}})",
     FaultClass::refused, "InputTextSensitiveContentDetected"},
    {422, R"({"detail":[{"loc":["body"],"msg":"field required"},{"msg":"other"}]})",
     FaultClass::client_invalid, ""},
    {500, R"({"error":{"message":"mentions maximum context length","type":"server_error"}})",
     FaultClass::server, ""},
    {503, R"({"error":{"message":"overloaded"}})", FaultClass::overloaded, ""},
    {529, "", FaultClass::overloaded, ""},
    {502, "<html>\n<body>Bad  Gateway</body>", FaultClass::server, ""},
    {408, "{}", FaultClass::timeout, ""},
    {302, "", FaultClass::server, ""},
    {200, R"({"error":{"message":"x","code":502}})", FaultClass::server, "502"},
    {200, R"({"error":{"message":"x","type":"overloaded_error"}})", FaultClass::overloaded, ""},
    {200, R"({"error":{"message":"x","type":"invalid_request_error"}})", FaultClass::client_invalid,
     ""},
};

TEST_CASE("faults: bodies and statuses of providers' errors") {
  for (const ErrorRow& row : kErrors) {
    CAPTURE(row.status);
    CAPTURE(row.body);
    const UpstreamFault fault = parse_error(row.status, row.body);
    CHECK(std::string(name_of(fault.cls)) == name_of(row.cls));
    CHECK(fault.code == row.code);
  }
  CHECK(parse_error(502, "<html>\n<body>Bad  Gateway</body>").message == "Bad Gateway");
  CHECK(
      parse_error(502, " <!DOCTYPE html><HTML><head><Title>502 Bad\ngateway</title>...").message ==
      "502 Bad gateway");
  CHECK(parse_error(502, "upstream  connect error\n").message == "upstream connect error");
  CHECK(parse_error(422, R"({"detail":[{"msg":"field required"}]})").message == "field required");
  CHECK(parse_error(400, "{\"error\":{\"message\":\"" + std::string(9'000, 'm') + "\"}}")
            .message.size() == 2'000);
}

TEST_CASE("faults: the error value says whether to go on, and whose fault it was") {
  UpstreamFault fault;
  fault.cls = FaultClass::rate_limited;
  fault.message = "slow down";
  CHECK(to_error(fault, 429).context == "provider answered 429 rate_limited: slow down");
  CHECK(to_error(fault, 429).retry == Retry::same_target);
  fault.cls = FaultClass::balance;
  CHECK(to_error(fault, 402).retry == Retry::next_target);
  fault.cls = FaultClass::client_invalid;
  CHECK(to_error(fault, 400).retry == Retry::never);
  CHECK(to_error(fault, 400).source == ErrorSource::client);
  CHECK(policy_of(FaultClass::auth_upstream).disables_key);
  CHECK_FALSE(policy_of(FaultClass::rate_limited).counts_for_breaker);
}

TEST_CASE("faults: recorded error answers are never `none` and keep their message") {
  int errors = 0;
  for (const auto& exchange : testing::recorded_chat()) {
    if (exchange.status < 400) continue;
    ++errors;
    CAPTURE(exchange.response);
    const UpstreamFault fault = parse_error(exchange.status, exchange.response);
    CHECK(fault.cls != FaultClass::none);
    CHECK_FALSE(fault.message.empty());
    if (exchange.status == 401) CHECK(std::string(name_of(fault.cls)) == "auth_upstream");
    if (exchange.status >= 500) CHECK(fault.cls == FaultClass::server);
  }
  if (!testing::recorded_chat().empty()) CHECK(errors > 50);
}

TEST_CASE("answer: recorded answers are valid and agree with the DOM") {
  simdjson::dom::parser dom;
  int answers = 0;
  for (const auto& exchange : testing::recorded_chat()) {
    if (exchange.stream || exchange.status != 200) continue;
    CAPTURE(exchange.id);
    simdjson::dom::element doc;
    simdjson::dom::array choices;
    if (dom.parse(exchange.response).get(doc) != simdjson::SUCCESS) continue;
    if (doc["choices"].get(choices) != simdjson::SUCCESS) continue;
    ++answers;
    const ChatAnswer a = parse(exchange.response);
    CHECK(a.valid);
    std::int64_t prompt = 0;
    const bool usage = doc["usage"]["prompt_tokens"].get(prompt) == simdjson::SUCCESS;
    CHECK(a.usage.present == usage);
    CHECK(a.usage.prompt == prompt);
    std::size_t calls = 0;
    for (const simdjson::dom::element choice : choices) {
      simdjson::dom::array list;
      if (choice["message"]["tool_calls"].get(list) == simdjson::SUCCESS) calls += list.size();
    }
    CHECK(a.tool_calls >= calls);
    std::string_view model;
    if (doc["model"].get(model) == simdjson::SUCCESS && model.find('"') == model.npos)
      CHECK(a.model == model);
  }
  if (!testing::recorded_chat().empty()) CHECK(answers > 1'000);
}

TEST_CASE("answer: goldens") {
  testing::each_golden("answer_", [](const std::string& folder) {
    testing::check_golden(folder, "facts.json",
                          testing::to_json(parse(testing::read_file(folder + "/upstream.json"))));
  });
}

}  // namespace
}  // namespace steelyard::dialect
