#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

#include "gateway/dialect/hub_errors.h"
#include "gateway/dialect/models_list.h"
#include "gateway/dialect/openai_errors.h"

namespace steelyard::dialect {
namespace {

using namespace openai;

Error error(ErrorKind kind, std::string text) {
  return Error(kind, ErrorSource::gateway, Retry::never, std::move(text));
}

TEST_CASE("errors: the body an OpenAI client expects") {
  std::string out;
  write_error(out, error(ErrorKind::bad_request, "`/n` must be an integer"), {});
  CHECK(
      out ==
      R"({"error":{"message":"`/n` must be an integer","type":"invalid_request_error","param":null,"code":null}})");
  out.clear();
  ErrorExtras extras;
  extras.request_id = "req_1";
  extras.param = "model";
  write_error(out, error(ErrorKind::not_found, "no \"x\"\n"), extras);
  CHECK(
      out ==
      R"({"error":{"message":"no \"x\"\n","type":"invalid_request_error","param":"model","code":"model_not_found","steelyard":{"request_id":"req_1"}}})");
  out.clear();
  write_error(out, error(ErrorKind::internal, ""), {});
  CHECK(out.find(R"("message":"internal")") != std::string::npos);
}

TEST_CASE("errors: those of providers that are not in shape are told from those that are") {
  for (const char* body :
       {R"({"error":{"message":"x"}})", R"({"type":"error", "error" : {"type":"y"}})",
        R"([{"error":{"code":400}}])", R"({"object":"error","error":{}})"})
    CHECK_MESSAGE(hub::holds_error_object(body), body);
  for (const char* body : {R"({"object":"error","message":"x"})", R"({"error":"x"})", "<html>", "",
                           R"({"error")", R"({"error":)", R"({"detail":"\"error\""})"})
    CHECK_MESSAGE(!hub::holds_error_object(body), body);
}

TEST_CASE("errors: a refusal by budget carries its figures") {
  BudgetDetails budget;
  budget.budget = "acme/search";
  budget.per = "month";
  budget.limit = {2'000'000'000'000};
  budget.spent = {1'999'000'000'000};
  budget.held = {900'000'000};
  budget.resets_at = Instant::from_seconds(1'796'083'200);
  ErrorExtras extras;
  extras.request_id = "r";
  extras.budget = &budget;
  std::string out;
  write_error(out, error(ErrorKind::over_budget, "the budget is used up"), extras);
  CHECK(
      out ==
      R"({"error":{"message":"the budget is used up","type":"insufficient_quota","param":null,"code":"budget_exceeded","steelyard":{"request_id":"r","budget":"acme/search","per":"month","limit_nano_usd":2000000000000,"spent_nano_usd":1999000000000,"held_nano_usd":900000000,"resets_at":"2026-12-01T00:00:00Z"}}})");
  out.clear();
  budget.resets_at.reset();
  write_error(out, error(ErrorKind::over_budget, "x"), extras);
  CHECK(out.find(R"("resets_at":null)") != std::string::npos);
}

TEST_CASE("errors: instants as text, leap days and before 1970") {
  struct Row {
    std::int64_t seconds;
    const char* text;
  };
  const Row rows[] = {
      {0, "1970-01-01T00:00:00Z"},           {951'782'399, "2000-02-28T23:59:59Z"},
      {951'782'400, "2000-02-29T00:00:00Z"}, {4'107'542'400, "2100-03-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59Z"},          {1'709'251'199, "2024-02-29T23:59:59Z"}};
  for (const Row& row : rows) {
    BudgetDetails budget;
    budget.resets_at = Instant::from_seconds(row.seconds);
    ErrorExtras extras;
    extras.budget = &budget;
    std::string out;
    write_error(out, error(ErrorKind::over_budget, "x"), extras);
    CHECK(out.find(std::string("\"resets_at\":\"") + row.text) != std::string::npos);
  }
}

TEST_CASE("errors: the frame after the first byte") {
  std::string out = "data: x\n\n";
  write_sse_error(out, error(ErrorKind::upstream_protocol, "cut\noff"), {});
  CHECK(
      out ==
      "data: x\n\n"
      R"(data: {"error":{"message":"cut\noff","type":"server_error","param":null,"code":"upstream_protocol"}})"
      "\n\n");
}

TEST_CASE("errors: every kind makes valid JSON with its status") {
  simdjson::dom::parser parser;
  for (int k = 0; k <= static_cast<int>(ErrorKind::internal); ++k) {
    const auto kind = static_cast<ErrorKind>(k);
    CAPTURE(name_of(kind));
    std::string out;
    write_error(out, error(kind, "bad byte \xff and \x01"), {});
    CHECK(parser.parse(out).error() == simdjson::SUCCESS);
    const int status = reply_for(kind).status;
    CHECK(status >= 400);
    CHECK(status < 600);
    CHECK(std::string(reply_for(kind).type) != "");
  }
  CHECK(reply_for(ErrorKind::over_budget, 402).status == 402);
  CHECK(reply_for(ErrorKind::over_budget, 200).status == 429);
  CHECK(reply_for(ErrorKind::rate_limited, 402).status == 429);
}

TEST_CASE("errors: a provider's troubles with our key are not the client's") {
  CHECK(client_status(FaultClass::client_invalid, 400) == 400);
  CHECK(client_status(FaultClass::rate_limited, 429) == 429);
  CHECK(client_status(FaultClass::auth_upstream, 401) == 502);
  CHECK(client_status(FaultClass::auth_upstream, 400) == 502);
  CHECK(client_status(FaultClass::balance, 429) == 502);
  CHECK(client_status(FaultClass::server, 302) == 502);
  CHECK(client_status(FaultClass::overloaded, 529) == 529);
  CHECK_FALSE(forwards_body(FaultClass::auth_upstream));
  CHECK(forwards_body(FaultClass::context_length));
}

TEST_CASE("models: the list and one of it") {
  const ListedModel models[] = {{"gpt-x", "openai", 1'700'000'000}, {"a\"b", "", 0}};
  std::string out;
  write_models(out, hub::Wire::openai_chat, models);
  CHECK(
      out ==
      R"({"object":"list","data":[{"id":"gpt-x","object":"model","created":1700000000,"owned_by":"openai"},{"id":"a\"b","object":"model","created":0,"owned_by":"steelyard"}]})");
  out.clear();
  write_models(out, hub::Wire::openai_chat, {});
  CHECK(out == R"({"object":"list","data":[]})");
  out.clear();
  write_model(out, hub::Wire::openai_chat, models[0]);
  CHECK(out == R"({"id":"gpt-x","object":"model","created":1700000000,"owned_by":"openai"})");
}

}  // namespace
}  // namespace steelyard::dialect
