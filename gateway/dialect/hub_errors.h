#pragma once
// Errors in the shape of the client's dialect, whichever it is: our own, and those of providers.
// One list of dialects; the shapes are in the errors file of each.
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_errors.h"

namespace steelyard::dialect::hub {

// Status, type and code of an error of ours. `refusal_status`: of over_budget, 429 or 402.
openai::HttpReply reply_for(Wire client, ErrorKind kind, int refusal_status = 429);
// Appends the body.
void write_error(std::string& out, Wire client, const Error& error, const ErrorExtras& extras);
// Appends what ends a stream after its first byte; `place`: how far it came.
void write_sse_error(std::string& out, Wire client, const Error& error, const ErrorExtras& extras,
                     const StreamPlace& place = {});

// An error of a provider in the client's dialect; appends to `out`.
void write_fault(std::string& out, Wire client, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id);
// Does a provider's error look as clients of any dialect expect, with an object called `error`?
// Mistral's and some proxies' do not, though they speak Chat otherwise.
bool holds_error_object(std::string_view body);
// The status to go with it.
int fault_status(Wire client, const UpstreamFault& fault, int upstream_status);

}  // namespace steelyard::dialect::hub
