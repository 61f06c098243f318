#pragma once
// What went wrong, whose fault it is, and whether another try may help. One clause of text for a
// human.
#include <cstdint>
#include <string>
#include <utility>

namespace steelyard {

enum class ErrorKind : std::uint8_t {
  bad_request,        // the client's bytes: malformed, oversized, unknown field value
  unauthorized,       // no key, unknown key
  forbidden,          // known key, not allowed to do this
  not_found,          // no such path or model
  not_kept,           // refers to an answer that is not kept for who asks
  context_length,     // the prompt fits into no model that could serve it
  no_route,           // no model can serve it; the text names the reasons
  over_budget,        // a hard budget has no room
  rate_limited,       // provider or gateway limit
  overloaded,         // the gateway sheds load or drains
  upstream_connect,   // not connected, TLS failed: nothing was sent
  upstream_timeout,   // no first byte, stalled, or deadline passed
  upstream_protocol,  // the provider's bytes made no sense, or stopped half-way
  upstream_status,    // the provider answered with an error status
  client_gone,        // the client closed before the end
  storage,            // the ledger's journal could not be written
  internal,
};
enum class ErrorSource : std::uint8_t { client, upstream, gateway };
enum class Retry : std::uint8_t { never, same_target, next_target };

// Not an aggregate on purpose: g++ 12 destroys aggregates twice when they are made inside a
// co_await expression.
struct Error {
  Error() : kind(ErrorKind::internal), source(ErrorSource::gateway), retry(Retry::never) {}
  Error(ErrorKind k, ErrorSource s, Retry r, std::string text)
      : kind(k), source(s), retry(r), context(std::move(text)) {}
  ErrorKind kind;
  ErrorSource source;
  Retry retry;
  std::string context;  // one lower-case clause, no full stop: "expected `messages` to be an array"
};

// Stable lower-case name: the `error_class` of receipts and a metric label.
const char* name_of(ErrorKind kind);

}  // namespace steelyard
