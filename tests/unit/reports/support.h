#pragma once
// Books that were kept, and lines about them.
#include <fmt/format.h>

#include "../ledger/books_support.h"
#include "gateway/reports/decision_line.h"

namespace reports_test {

using namespace ledger_test;
using namespace steelyard::reports;

struct Said {
  std::uint64_t n = 1;
  std::int64_t spend = 0;
  const char* team = "search";
  const char* model = "cheap";
  const char* tags = "";
  const char* start = "2026-05-01T12:00:00.000000001Z";
  const char* attempts = nullptr;  // null: one that cost `spend`
  const char* status = "success";
  std::int64_t saved = 0;
  const char* tier = "standard";
};

inline std::string attempt(const char* model, std::int64_t cost) {
  return fmt::format(
      R"({{"provider":"one","model":"{}","status":200,"error_class":null,"held_nano_usd":100,)"
      R"("cost_nano_usd":{},"usage_source":"provider","prompt_tokens":3,"completion_tokens":2}})",
      model, cost);
}

// As telemetry/receipt_json writes it, the fields that reports read.
inline std::string line(const Said& s) {
  const std::string attempts = s.attempts != nullptr ? s.attempts : attempt(s.model, s.spend);
  return fmt::format(
      R"({{"schema_version":1,"request_id":"{}","session_id":null,"task_id":null,"startTime":"{}",)"
      R"("endTime":"{}","organization_id":"acme","team_id":"{}","user_api_key_alias":"key0",)"
      R"("request_tags":[{}],"call_type":"chat_completions","stream":false,"status":"{}",)"
      R"("http_status":200,"error_class":null,"model":"{}","model_group":"auto",)"
      R"("custom_llm_provider":"one","policy":null,"tier":"{}","prompt_tokens":3,)"
      R"("completion_tokens":2,"spend_nano_usd":{},"held_nano_usd":100,"overrun_nano_usd":0,)"
      R"("counterfactual_model":"dear","counterfactual_nano_usd":{},"saved_nano_usd":{},)"
      R"("attempts":[{}],"budgets":[{{"scope":"acme"}}]}})"
      "\n",
      text_of({s.n, ~s.n}), s.start, s.start, s.team, s.tags, s.status, s.model, s.tier, s.spend,
      s.spend + s.saved, s.saved, attempts);
}

}  // namespace reports_test
