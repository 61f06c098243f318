#pragma once
// Reads the body of POST /v1beta/models/{model}:countTokens (Gemini API of 2026-10): `contents`, or
// a whole request in `generateContentRequest`. Names in camelCase or snake_case, as the API takes.
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/count_request.h"

namespace steelyard::dialect::gemini {

// Fails with bad_request on what is not JSON or not of that shape. Unknown parts are left out.
Result<void> read_count_request(std::string_view body, CountRequest& out);

}  // namespace steelyard::dialect::gemini
