#include "gateway/dialect/fault.h"

#include <algorithm>
#include <iterator>

namespace steelyard::dialect {

const char* name_of(FaultClass c) {
  switch (c) {
    case FaultClass::none: return "none";
    case FaultClass::client_invalid: return "client_invalid";
    case FaultClass::context_length: return "context_length";
    case FaultClass::model_missing: return "model_missing";
    case FaultClass::auth_upstream: return "auth_upstream";
    case FaultClass::balance: return "balance";
    case FaultClass::rate_limited: return "rate_limited";
    case FaultClass::overloaded: return "overloaded";
    case FaultClass::server: return "server";
    case FaultClass::timeout: return "timeout";
    case FaultClass::refused: return "refused";
  }
  return "";
}

FaultPolicy policy_of(FaultClass c) {
  FaultPolicy p;
  switch (c) {
    case FaultClass::none:
    case FaultClass::client_invalid: break;
    case FaultClass::context_length:
    case FaultClass::model_missing: p.try_next = true; break;
    case FaultClass::auth_upstream:
    case FaultClass::balance: p.try_next = p.disables_key = true; break;
    case FaultClass::rate_limited: p.retry_same = p.try_next = true; break;
    case FaultClass::overloaded: p.retry_same = p.try_next = p.counts_for_breaker = true; break;
    case FaultClass::server:
      p.retry_same = p.try_next = p.counts_for_breaker = p.billed = true;
      break;
    case FaultClass::timeout: p.try_next = p.counts_for_breaker = p.billed = true; break;
    case FaultClass::refused: p.billed = true; break;
  }
  return p;
}

FaultClass class_of_status(int status) {
  switch (status) {
    case 401:
    case 403: return FaultClass::auth_upstream;
    case 402: return FaultClass::balance;
    case 404: return FaultClass::model_missing;
    case 408: return FaultClass::timeout;
    case 429: return FaultClass::rate_limited;
    case 503:
    case 529: return FaultClass::overloaded;
    default: return status >= 400 && status < 500 ? FaultClass::client_invalid : FaultClass::server;
  }
}

namespace {
constexpr std::string_view too_long_code = "event_too_long";
}

UpstreamFault too_long_fault() {
  return {FaultClass::server, "an event of the stream is too long", {}, std::string(too_long_code)};
}

UpstreamFault garbled_fault() {
  return {FaultClass::server, "an event of the stream is not valid JSON", {}, {}};
}

UpstreamFault nameless_fault() {
  return {FaultClass::server, "the stream has arguments of a call without its name", {}, {}};
}

bool is_too_long(const UpstreamFault& fault) {
  return fault.code == too_long_code;
}

// OpenAI and who serves its models; Anthropic, of a signature and of its binding; Gemini
// ("Corrupted thought signature.", "Thought signature is not valid", "Invalid thought signature.":
// all seen).
bool is_about_state(const UpstreamFault& fault) {
  if (fault.code == "invalid_encrypted_content") return true;
  std::string text = fault.message;
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  constexpr std::string_view signs[] = {"encrypted content could not be",
                                        "invalid `signature` in `thinking`", "invalid signature in",
                                        "bound to a different", "thought signature"};
  return std::any_of(std::begin(signs), std::end(signs),
                     [&](std::string_view sign) { return text.find(sign) != std::string::npos; });
}

Error to_error(const UpstreamFault& fault, int status) {
  const FaultPolicy policy = policy_of(fault.cls);
  const bool own_fault =
      fault.cls == FaultClass::client_invalid || fault.cls == FaultClass::context_length;
  std::string text = "provider answered " + std::to_string(status) + " " + name_of(fault.cls);
  if (!fault.message.empty()) text.append(": ").append(fault.message);
  const Retry retry = policy.retry_same ? Retry::same_target
                      : policy.try_next ? Retry::next_target
                                        : Retry::never;
  return Error(ErrorKind::upstream_status, own_fault ? ErrorSource::client : ErrorSource::upstream,
               retry, std::move(text));
}

}  // namespace steelyard::dialect
