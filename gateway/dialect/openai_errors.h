#pragma once
// Errors in the shape OpenAI clients expect: a body before the first byte, an SSE frame after it. A
// provider's own error body is forwarded untouched where it may be seen (`forwards_body`); these
// are for what the gateway itself has to tell.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "config/types/instant.h"
#include "config/types/money.h"
#include "gateway/dialect/fault.h"

namespace steelyard::dialect {

// Why a budget refused: the `steelyard` object of the body, so that a client can show figures.
struct BudgetDetails {
  std::string_view budget;  // scope: "acme/search"
  std::string_view per;     // "day", "month", ...
  NanoUsd limit, spent, held;
  std::optional<Instant> resets_at;  // absent: never
  int needs_approval = 0;            // the threshold an operator has to approve of passing, percent
};

struct ErrorExtras {
  std::string_view request_id;
  std::string_view param;  // the field at fault; "": null
  const BudgetDetails* budget = nullptr;
  int refusal_status = 429;    // of over_budget: 429 or 402
  const char* code = nullptr;  // what OpenAI's `code` says instead of the kind's own
};

}  // namespace steelyard::dialect

namespace steelyard::dialect::openai {

struct HttpReply {
  int status;
  const char* type;
  const char* code;    // nullptr: null
  bool retry_useless;  // send `x-should-retry: false`: SDKs retry 408, 409, 429 and 5xx by
                       // themselves
};

// The one place where a kind of error becomes an HTTP status (research/wire 2.8). `refusal_status`
// is 429 or 402 and is used for over_budget only.
HttpReply reply_for(ErrorKind kind, int refusal_status = 429);

// The status a client sees for a provider's error: the provider's own, except that a bad provider
// key or an empty provider account is 502 (a 401 makes clients log out), and nonsense is 502.
int client_status(FaultClass cls, int upstream_status);
// May the provider's error body be forwarded? Not when it talks about the gateway's own key or
// account.
bool forwards_body(FaultClass cls);

// Appends {"error":{"message","type","param","code"}}; a `steelyard` object inside `error` (SDKs
// hand that object to the application) holds the request id and, for a refusal by budget, the
// figures.
void write_error(std::string& out, const Error& error, const ErrorExtras& extras);
// Appends `data: {"error":{...}}` and a blank line. No [DONE] follows: the stream did not end well.
void write_sse_error(std::string& out, const Error& error, const ErrorExtras& extras);

}  // namespace steelyard::dialect::openai
