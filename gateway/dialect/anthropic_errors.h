#pragma once
// Errors in the shape Anthropic's clients expect (research/wire 1.2.8, 2.8): our own, and those of
// providers that speak another dialect. Claude Code matches wording: a provider's message stays as
// it is.
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/openai_errors.h"

namespace steelyard::dialect::anthropic {

// `code` is null: Anthropic's errors have none.
openai::HttpReply reply_for(ErrorKind kind, int refusal_status = 429);
// Status and type for a provider's error; a bad provider key or an empty account is 502.
openai::HttpReply reply_for(FaultClass cls, int upstream_status);

// Appends {"type":"error","error":{"type","message"},"request_id"}; with a refusal by budget the
// figures stand in error.steelyard, as for OpenAI's clients.
void write_error(std::string& out, const Error& error, const ErrorExtras& extras);
void write_sse_error(std::string& out, const Error& error, const ErrorExtras& extras);

// A provider's error. A context overflow begins with the words Claude Code compacts on.
void write_fault(std::string& out, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id);
void write_sse_fault(std::string& out, const UpstreamFault& fault, std::string_view request_id);

}  // namespace steelyard::dialect::anthropic

namespace steelyard::dialect::openai {

// The same for OpenAI's clients: {"error":{"message","type","param","code"}}.
void write_fault(std::string& out, const UpstreamFault& fault, int upstream_status);
void write_sse_fault(std::string& out, const UpstreamFault& fault);

}  // namespace steelyard::dialect::openai
