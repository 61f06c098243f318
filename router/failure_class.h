#pragma once
// What a failed attempt means: try again, go elsewhere, count against the target, or none of these.
// The table is research/reliability 5.4.
#include <cstdint>

namespace steelyard::router {

enum class FailureClass : std::uint8_t {
  client_invalid,  // 400, 413, 415, 422
  context_length,  // 400 that says the prompt is too long for this model
  auth_upstream,   // 401, 403: the gateway's own key
  balance,         // 402, insufficient_quota, billing_error
  rate_limited,    // 429
  overloaded,      // 529, 503, overloaded_error
  server,          // 500, 502, 504
  transport,       // connect, TLS, reset before an answer
  timeout,         // no first byte, stalled
  content,         // refused by a content filter
  budget,          // our own ledger
  client_gone,
};
inline constexpr std::size_t failure_classes = 12;

struct FailureRule {
  const char* name;
  bool retry_same;       // another try at the same target may help
  bool fallback;         // another target may help
  bool breaks;           // counts towards the target's breaker
  bool breaks_provider;  // says something about the provider, not only about one model
  bool parks;            // the target is left alone until a hint passes
};

constexpr FailureRule rule_of(FailureClass c) {
  switch (c) {
    case FailureClass::client_invalid: return {"client_invalid", false, false, false, false, false};
    case FailureClass::context_length: return {"context_length", false, true, false, false, false};
    case FailureClass::auth_upstream: return {"auth_upstream", false, true, false, false, true};
    case FailureClass::balance: return {"balance", false, true, false, false, true};
    case FailureClass::rate_limited: return {"rate_limited", true, true, false, false, true};
    case FailureClass::overloaded: return {"overloaded", true, true, true, false, true};
    case FailureClass::server: return {"server", true, true, true, false, false};
    case FailureClass::transport: return {"transport", true, true, true, true, false};
    case FailureClass::timeout: return {"timeout", false, true, true, false, false};
    case FailureClass::content: return {"content", false, false, false, false, false};
    case FailureClass::budget: return {"budget", false, false, false, false, false};
    case FailureClass::client_gone: return {"client_gone", false, false, false, false, false};
  }
  return {"unknown", false, false, false, false, false};
}

// From the status alone. Bodies know better (context_length, insufficient_quota): the dialect
// decides those.
constexpr FailureClass class_of_status(int status) {
  if (status == 401 || status == 403) return FailureClass::auth_upstream;
  if (status == 402) return FailureClass::balance;
  if (status == 429) return FailureClass::rate_limited;
  if (status == 503 || status == 529) return FailureClass::overloaded;
  if (status == 408) return FailureClass::timeout;
  if (status >= 500) return FailureClass::server;
  return FailureClass::client_invalid;
}

}  // namespace steelyard::router
