#pragma once
// What a provider's error means for the gateway: may it be tried again, elsewhere, does it count
// against the provider, was it billed (research/reliability 5.4).
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/error.h"

namespace steelyard::dialect {

enum class FaultClass : std::uint8_t {
  none,
  client_invalid,  // 400, 413, 415, 422: the request's own fault
  context_length,  // too long for this model; a larger one may take it
  model_missing,   // 404: unknown model or deployment: our configuration's fault
  auth_upstream,   // 401, 403, bad provider key
  balance,         // 402, insufficient_quota: the provider account is empty
  rate_limited,    // 429
  overloaded,      // 503, 529
  server,          // 500, 502, 504 and anything unknown
  timeout,         // 408
  refused,         // content filter
};
const char* name_of(FaultClass c);  // stable lower-case name, a metric label

// What the class allows. `billed`: money may have been spent.
struct FaultPolicy {
  bool retry_same = false, try_next = false, counts_for_breaker = false, disables_key = false,
       billed = false;
};
FaultPolicy policy_of(FaultClass c);

// A provider's error as it said it. Strings are unescaped; `code` holds numbers as text.
struct UpstreamFault {
  FaultClass cls = FaultClass::none;
  std::string message, type, code;
  explicit operator bool() const { return cls != FaultClass::none; }
};

// The class from the status alone: when the body says nothing. 2xx and 3xx are `server`.
FaultClass class_of_status(int status);

// Does it say that thoughts which somebody signed or encrypted are not its own?
bool is_about_state(const UpstreamFault& fault);

// A line or an event of a stream is over its cap: the one fault that the gateway finds by itself,
// so a client that got the bytes as they came was not told of it.
UpstreamFault too_long_fault();
// An event that cannot be read, of a stream that is translated: what it said would be missing.
UpstreamFault garbled_fault();
// Arguments of a call that began nowhere, in such a stream: no client could tell what to run.
UpstreamFault nameless_fault();
bool is_too_long(const UpstreamFault& fault);

// The error value the pipeline acts on. Context: "provider answered 429 rate_limited: <message>".
Error to_error(const UpstreamFault& fault, int status);

}  // namespace steelyard::dialect
