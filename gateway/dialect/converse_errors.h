#pragma once
// Errors of Amazon Bedrock (research/wire 1.5): the kind stands in a head field, or in the name of
// a frame.
#include <string_view>

#include "gateway/dialect/fault.h"

namespace steelyard::dialect::converse {

// "ThrottlingException:http://..." or "throttlingException": sets `fault.type` to the name alone
// and its class, unless the message says more (an overflow is a ValidationException).
void name_fault(UpstreamFault& fault, int status, std::string_view kind);

// An exception frame of a stream: `kind` as its head has it, `payload` {"message":...}.
UpstreamFault stream_fault(std::string_view kind, std::string_view payload);

}  // namespace steelyard::dialect::converse
