#pragma once
// How an OpenAI Responses stream says that it failed: an `error` event and `response.failed`
// (research/wire 2.8). Bodies are those of OpenAI Chat (openai_errors.h), but a model that is not
// known is 400.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::responses {

openai::HttpReply reply_for(ErrorKind kind, int refusal_status = 429);

// What a failure is called in a stream: codes clients act on ("rate_limit_exceeded",
// "context_length_exceeded", "server_error", ...).
std::string_view code_of(const UpstreamFault& fault);
std::string_view code_of(ErrorKind kind);
// What a client may see of a provider's error.
std::string_view message_of(const UpstreamFault& fault);

// Appends both events. `sequence`: the number of the first; `id`: of the response, "" not known;
// code and message plain, id escaped.
void write_sse_failure(std::string& out, std::int64_t sequence, std::string_view id,
                       std::string_view code, std::string_view message);
// What ends a stream whose output became too long: `response.incomplete`. The items that came keep
// what their deltas said; the response object repeats none of it.
void write_sse_incomplete(std::string& out, const hub::StreamPlace& place, std::string_view model,
                          const ReportedUsage& usage);

}  // namespace steelyard::dialect::responses
