#pragma once
// What `steelyard check` looks at beyond the YAML: policies, catalogue, zones, TLS files.
#include <vector>

#include "gateway/cli/check_command.h"

namespace steelyard::cli {

std::vector<CheckHook> check_hooks();

}  // namespace steelyard::cli
