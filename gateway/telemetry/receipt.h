#pragma once
// What one request was, did and cost: exactly one per request, whatever happened. The decision log
// line is this value (receipt_json.h); metrics count it (metrics.h). No prompt text, no key, no
// header goes in here.
//
// Views point into the request, the configuration or literals and must live until the receipt is
// written. Money is nano-dollars, durations are nanoseconds and 0 where a step did not happen.
#include <cstdint>
#include <span>
#include <string_view>

#include "config/types/error.h"
#include "config/types/instant.h"
#include "config/types/limits.h"
#include "config/types/money.h"
#include "gateway/telemetry/fixed.h"
#include "gateway/telemetry/labels.h"
#include "policies/facts.h"
#include "router/ledger/ledger.h"

namespace steelyard::telemetry {

inline constexpr int receipt_schema_version = 1;
// Those of the plan; why others are not in it is what `explain` tells.
inline constexpr std::size_t receipt_candidates_max = 8;

enum class CallType : std::uint8_t {
  none,  // the request ended before its path was known
  chat_completions,
  responses,
  messages,
  count_tokens,
  generate_content,
  embeddings,
  models,
  outcomes,
  explain,
  completions,
  pass_through,
};
enum class WireDialect : std::uint8_t { none, openai, anthropic, gemini, responses, converse };
enum class UsageSource : std::uint8_t { none, provider, estimated, recovered };
enum class ClientAbort : std::uint8_t { none, before_first_byte, mid_stream };

const char* name_of(CallType call);
const char* name_of(WireDialect dialect);
const char* name_of(ClientAbort abort);
const char* window_name(WindowKind per);

// Billable tokens, normalised: `prompt` includes cached reads and writes, `completion` includes
// reasoning.
struct TokenUsage {
  std::int64_t prompt = 0, cached = 0, cache_write = 0, completion = 0, reasoning = 0;
  std::int64_t web_searches = 0;  // by the provider, billed by the piece
};

// What was believed before the answer.
struct ReceiptEstimate {
  std::int64_t input_tokens = 0, input_tokens_upper = 0;
  std::int64_t output_tokens_expected = 0, output_tokens_max = 0;
  std::string_view quality;             // router::name_of(CountQuality)
  std::int64_t input_tokens_error = 0;  // billed less estimated; 0 when nobody billed
};

// One request to one provider. `failed` is false for the attempt that answered.
struct ReceiptAttempt {
  std::string_view provider, model;
  TargetId target = other_label;  // of (provider, model)
  ProviderId provider_id = other_label;
  std::uint16_t status = 0;  // HTTP; 0: no answer
  bool failed = false;
  ErrorKind error = ErrorKind::internal;  // read only when failed
  UsageSource usage_source = UsageSource::none;
  std::int64_t ttfb_ns = 0, duration_ns = 0;
  NanoUsd expected, held, cost;  // cost: what was posted, failed attempts that were billed included
  TokenUsage usage;
};

// A model of the plan, or one that was compared. `reason` is empty for those that stayed in the
// plan.
struct ReceiptCandidate {
  std::string_view model, provider;
  NanoUsd expected;
  std::string_view reason;  // "window", "budget", "tier", ...: a literal of router/plan
};

struct ReceiptDurations {
  std::int64_t auth = 0, parse = 0, count = 0, decide = 0, reserve = 0;
  std::int64_t ttft = 0;   // first byte of the answer to the client, from the start of the request
  std::int64_t total = 0;  // whole request
  std::int64_t overhead = 0;     // the gateway's own share of `total`: waiting for peers excluded
  std::int64_t count_early = 0;  // beside `total`: on a large body while it arrived
};

// All but the lists: reset by plain assignment.
struct ReceiptFields {
  router::RequestId id;
  std::uint64_t trace_hi = 0, trace_lo = 0;  // W3C trace id; 0, 0: none
  Instant start, end, completion_start;      // completion_start.ns 0: no byte of an answer

  // Who asked, what for: organisation, team, key id, session, task, tags, requested model, stream,
  // ... as the policies saw them, so that a log can be replayed. Empty for a request refused before
  // it was described.
  policies::RequestFacts facts;
  CallType call = CallType::none;
  WireDialect client_dialect = WireDialect::none, upstream_dialect = WireDialect::none;

  bool failed = false;                    // what the client got: an error status or an error event
  std::uint16_t http_status = 0;          // sent to the client; 0: nothing was sent
  ErrorKind error = ErrorKind::internal;  // read only when failed
  FixedText<240> error_text;              // one clause, our own words
  ClientAbort client_abort = ClientAbort::none;

  std::string_view model, provider;  // who answered last; "" if nobody was asked
  TargetId target = other_label;     // of (provider, model)
  std::string_view policy;           // rule that decided; "" none
  PolicyId policy_id = other_label;
  std::string_view tier;  // required; "" none
  std::string_view price_source, price_version;
  std::string_view config_digest;
  // Of the configuration that owns all names here; 0: they may stand anywhere.
  std::uint64_t generation = 0;

  ReceiptEstimate estimate;
  TokenUsage usage;  // of the attempt that answered
  UsageSource usage_source = UsageSource::none;
  FixedText<32> finish_reason;  // in the words of the provider
  std::uint64_t dropped = 0;    // bit i: Loss i (losses.h), of the attempt that was made last

  NanoUsd spend;           // all attempts
  NanoUsd held;            // largest hold
  NanoUsd counterfactual;  // what `counterfactual_model` would have cost with the same usage
  std::string_view counterfactual_model;  // "": no counterfactual; then saved is 0
  NanoUsd saved;                          // counterfactual - spend, may be negative
  NanoUsd overrun;                        // billed above the hold
  NanoUsd extended;                       // held while the answer came, beyond the worst case
  bool cut_by_budget = false;             // the gateway ended the stream: no more could be held

  ReceiptDurations durations;
  std::uint16_t retries = 0;  // attempts after the first, same target included
  bool escalated = false;     // a cheaper answer was thrown away
};

struct Receipt : ReceiptFields {
  FixedList<ReceiptAttempt, limits::attempts_max> attempts;
  FixedList<ReceiptCandidate, receipt_candidates_max> candidates;
  // The windows the request was held against, after settling: not part of this value, which lives
  // as long as a stream. They need to live only while it is written.
  std::span<const router::AccountView> budgets;

  // As new, for the next request on the connection.
  void reset() {
    static_cast<ReceiptFields&>(*this) = ReceiptFields();
    attempts.clear();
    budgets = {};
    candidates.clear();
  }
};

// Bytes of the printed request id, and the printer: `req_` and 32 hex digits. Returns one past the
// last byte written.
inline constexpr std::size_t request_id_bytes = 36;
char* write_request_id(char* out, router::RequestId id);

}  // namespace steelyard::telemetry
