#pragma once
// `steelyard check`: is this configuration valid? Opens no socket and starts no thread.
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "config/diagnostic.h"
#include "config/spec/gateway_spec.h"

namespace CLI {
class App;
}

namespace steelyard::cli {

struct CheckOptions {
  std::string config;  // "": the default search path
  bool quiet = false;  // print nothing, the exit code says it
  bool json = false;
  bool github = false;
  bool strict = false;  // warnings make the exit code 3
  bool color = false;
};

// A further check of a configuration that loaded: policy compilation, TLS files. Appends what it
// finds.
using CheckHook = std::function<void(const GatewaySpec& spec, std::vector<Diagnostic>& found)>;

inline constexpr int check_ok = 0, check_invalid = 1, check_usage = 2, check_warnings = 3;

// Runs the check, prints to `out` (`err` for usage errors), returns the exit code.
int run_check(const CheckOptions& options, const std::vector<CheckHook>& hooks, std::ostream& out,
              std::ostream& err);

// Adds the sub-command `check`; when it is chosen, its exit code is stored in `exit_code`.
void add_check_command(CLI::App& app, std::vector<CheckHook> hooks, int& exit_code);

}  // namespace steelyard::cli
