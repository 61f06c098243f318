#include "gateway/cli/check_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "config/check_report.h"
#include "gateway/config_files.h"
#include "gateway/sys/clock.h"

namespace steelyard::cli {
namespace {

bool color_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

std::string report(const LoadResult& result, const CheckOptions& options) {
  if (options.json) return report_json(result);
  if (options.github) return report_github(result);
  return report_text(result, sys::SystemClock().now(), {options.color, true});
}

}  // namespace

int run_check(const CheckOptions& options, const std::vector<CheckHook>& hooks, std::ostream& out,
              std::ostream& err) {
  std::string path = options.config;
  if (path.empty()) {
    const std::optional<std::string> found = find_default_config();
    if (!found) {
      err << "no configuration found: looked for";
      for (const std::string& tried : default_config_paths()) err << " " << tried;
      err << "\nname one with `--config`, or try `steelyard serve --demo`\n";
      return check_usage;
    }
    path = *found;
  }
  LoadResult result = load_from_disk(path);
  if (result.spec) {
    std::vector<Diagnostic> found;
    for (const CheckHook& hook : hooks) hook(*result.spec, found);
    merge_found(result, std::move(found));
  }
  if (!options.quiet) out << report(result, options);
  const DiagnosticCount count = count_diagnostics(result);
  if (count.errors > 0 || !result.spec) return check_invalid;
  return options.strict && count.warnings + result.suppressed > 0 ? check_warnings : check_ok;
}

void add_check_command(CLI::App& app, std::vector<CheckHook> hooks, int& exit_code) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "is the configuration valid?");
  command->add_option("-c,--config", options->config, "the main file")->envname("STEELYARD_CONFIG");
  command->add_flag("-q,--quiet", options->quiet, "print nothing, the exit code says it");
  CLI::Option* json = command->add_flag("--json", options->json, "one JSON object");
  command->add_flag("--github", options->github, "GitHub annotations")->excludes(json);
  command->add_flag("--strict", options->strict, "exit with 3 when there are warnings");
  command->footer("Exit codes: 0 valid, 1 invalid, 2 usage, 3 warnings under --strict.");
  command->callback([options, hooks = std::move(hooks), &exit_code] {
    options->color = color_wanted();
    exit_code = run_check(*options, hooks, std::cout, std::cerr);
  });
}

}  // namespace steelyard::cli
