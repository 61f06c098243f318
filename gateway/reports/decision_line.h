#pragma once
// One line of the decision log (telemetry/README.md), as reports need it.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/instant.h"
#include "config/types/money.h"
#include "config/types/result.h"
#include "router/ledger/ledger.h"

namespace steelyard::reports {

struct LineTokens {
  std::int64_t prompt = 0, cached = 0, cache_write = 0, completion = 0, reasoning = 0;
  std::int64_t web_searches = 0;
};

struct LineAttempt {
  std::string provider, model, error_class, usage_source;
  std::int64_t status = 0;
  NanoUsd held, cost;
  LineTokens tokens;
};

struct DecisionLine {
  router::RequestId id;
  Instant start, end;
  std::string organisation, team, key, session, task, call_type, status, error_class, policy, tier,
      model_asked, model, provider, counterfactual_model, config_hash;
  std::vector<std::string> tags;
  std::int64_t http_status = 0, retries = 0;
  bool stream = false, escalated = false;
  bool governed = false;  // counted against at least one budget
  bool compared = false;  // `counterfactual` and `saved` say something
  NanoUsd spend, held, overrun, counterfactual, saved;
  LineTokens tokens;
  std::vector<LineAttempt> attempts;
  std::int64_t attempts_omitted = 0;
};

std::string text_of(router::RequestId id);  // "req_" and 32 hex digits
bool parse_request_id(std::string_view text, router::RequestId& out);
// "2026-11-22T08:42:36.047710991Z": nanoseconds since 1970; false: not such a time.
bool parse_timestamp(std::string_view text, Instant& out);

// Keeps its parser's memory from line to line.
class DecisionParser {
 public:
  DecisionParser();
  ~DecisionParser();
  DecisionParser(const DecisionParser&) = delete;
  DecisionParser& operator=(const DecisionParser&) = delete;
  // `line` without its line feed. Fails on what is not JSON, on another schema version, on a line
  // without a request id.
  Result<void> parse(std::string_view line, DecisionLine& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct LogReading {
  std::uint64_t lines = 0;
  std::uint64_t torn_bytes = 0;  // behind the last line feed: a line being written
  std::uint64_t bytes = 0;       // of whole lines
};
// Every whole line of the file from byte `from` on. Fails on the first line that cannot be read,
// naming its number, and when the file cannot be.
Result<LogReading> read_decisions(const std::string& path, std::uint64_t from,
                                  const std::function<void(const DecisionLine&)>& each);

}  // namespace steelyard::reports
