#pragma once
// One question to the admin listener of the gateway that is running.
#include <string>

#include "config/spec/gateway_spec.h"
#include "config/types/result.h"

namespace steelyard::cli {

struct AdminAnswer {
  int status = 0;
  std::string body;
};

// Fails when nobody answers, or what answers is no HTTP.
Result<AdminAnswer> ask_admin(const AdminSpec& admin, const std::string& method,
                              const std::string& target);

// Everything but letters, digits and `-._~` as %XX.
std::string percent_encoded(const std::string& text);

}  // namespace steelyard::cli
