#pragma once
// Errors in the shape Gemini's clients expect (research/wire 1.4, 2.8): our own, and those of
// providers that speak another dialect; and how long Gemini asks to wait, which it says in the
// body.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/openai_errors.h"

namespace steelyard::dialect::gemini {

// `type` is the status word: "INVALID_ARGUMENT"; `code` is null.
openai::HttpReply reply_for(ErrorKind kind, int refusal_status = 429);
// For a provider's error; a bad provider key or an empty account is 503.
openai::HttpReply reply_for(FaultClass cls, int upstream_status);

// Appends {"error":{"code","message","status","details":[ErrorInfo]}}; request id and the figures
// of a refusal by budget stand in the metadata of the detail.
void write_error(std::string& out, const Error& error, const ErrorExtras& extras);
void write_fault(std::string& out, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id);
// The same as the last event of a stream.
void write_sse_error(std::string& out, const Error& error, const ErrorExtras& extras);
void write_sse_fault(std::string& out, const UpstreamFault& fault, std::string_view request_id);

// As the last element of an array of which at least one was sent.
void write_array_error(std::string& out, const Error& error, const ErrorExtras& extras);

// google.rpc.RetryInfo of an error body: "retryDelay":"34.4s", in milliseconds, rounded up;
// -1: none, or not a time.
std::int64_t retry_delay_ms(std::string_view body);

}  // namespace steelyard::dialect::gemini
