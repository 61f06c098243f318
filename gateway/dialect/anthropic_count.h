#pragma once
// Reads the body of POST /v1/messages/count_tokens (Anthropic, Messages API of 2026-10).
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/count_request.h"

namespace steelyard::dialect::anthropic {

// Fails with bad_request on what is not JSON or not of that shape. Blocks of an unknown type are
// left out of the count; thinking of earlier turns is, too, as the provider drops it. `uncounted`
// says so.
Result<void> read_count_request(std::string_view body, CountRequest& out);

}  // namespace steelyard::dialect::anthropic
