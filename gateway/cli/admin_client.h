#pragma once
// One question to the admin listener of the gateway that is running.
#include <string>

#include "config/spec/gateway_spec.h"
#include "config/types/result.h"
#include "gateway/blocking_http.h"

namespace steelyard::cli {

// See call_blocking.
Result<HttpAnswer> ask_admin(const AdminSpec& admin, const std::string& method,
                             const std::string& target);

// Everything but letters, digits and `-._~` as %XX.
std::string percent_encoded(const std::string& text);

}  // namespace steelyard::cli
