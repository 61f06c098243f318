#include "gateway/cli/fleet_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/config_source.h"

namespace steelyard::cli {
namespace {

struct Flags {
  std::string config, replica;
};

int ask(const Flags& flags, const std::string& method, const std::string& target) {
  const std::optional<GatewaySpec> spec = load_or_explain(flags.config, std::cerr);
  if (!spec) return 2;
  const Result<HttpAnswer> answer = ask_admin(spec->admin, method, target);
  if (!answer) {
    std::cerr << answer.error().context << "\n";
    return 1;
  }
  (answer->status == 200 ? std::cout : std::cerr) << answer->body;
  return answer->status == 200 ? 0 : 1;
}

}  // namespace

void add_fleet_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* fleet = app.add_subcommand("fleet", "processes that share their budgets: show, forget");
  fleet->require_subcommand(1);
  CLI::App* show =
      fleet->add_subcommand("show", "this replica, its store, and what it was granted");
  show->callback([flags, &exit_code] { exit_code = ask(*flags, "GET", "/admin/fleet"); });
  CLI::App* forget = fleet->add_subcommand(
      "forget", "a replica that will not come back: all it was granted counts as spent");
  forget->add_option("replica", flags->replica, "its name, as `fleet show` there said it")
      ->required();
  forget->callback([flags, &exit_code] {
    exit_code =
        ask(*flags, "POST", "/admin/fleet/forget?replica=" + percent_encoded(flags->replica));
  });
  for (CLI::App* command : {show, forget})
    command->add_option("-c,--config", flags->config, "the main file")->envname("STEELYARD_CONFIG");
  fleet->footer(
      "Both ask the running gateway's admin listener.\n"
      "Exit codes: 0 good, 1 refused or nobody answers, 2 usage.");
}

}  // namespace steelyard::cli
