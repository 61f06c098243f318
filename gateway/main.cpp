// The `steelyard` command: picks a sub-command, nothing else.
#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/cli/budget_command.h"
#include "gateway/cli/check_command.h"
#include "gateway/cli/check_hooks.h"
#include "gateway/cli/explain_command.h"
#include "gateway/cli/fleet_command.h"
#include "gateway/cli/ledger_command.h"
#include "gateway/cli/mock_command.h"
#include "gateway/cli/report_command.h"
#include "gateway/cli/serve_command.h"
#include "gateway/cli/tokens_command.h"
#include "gateway/sys/huge_pages.h"

#ifndef STEELYARD_VERSION
#define STEELYARD_VERSION "0.0.0"
#endif

namespace {

void add_version_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("version", "print the version");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "one JSON object");
  command->callback([json] {
    if (*json) {
      std::cout << "{\"name\":\"steelyard\",\"version\":\"" STEELYARD_VERSION "\"}\n";
    } else {
      std::cout << "steelyard " STEELYARD_VERSION "\n";
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  steelyard::sys::use_huge_pages();
  CLI::App app("steelyard routes LLM requests to the right model, within budget.", "steelyard");
  app.require_subcommand(1);
  app.footer(
      "Start here:\n"
      "  steelyard serve --demo           a gateway with pretend providers\n"
      "  steelyard check                  is my configuration valid?\n"
      "  steelyard explain request.json   which model would this go to, and why?");
  int exit_code = 0;
  using namespace steelyard::cli;
  add_serve_command(app, STEELYARD_VERSION, exit_code);
  add_check_command(app, check_hooks(), exit_code);
  add_explain_command(app, exit_code);
  add_budget_command(app, exit_code);
  add_fleet_command(app, exit_code);
  add_ledger_command(app, exit_code);
  add_report_command(app, exit_code);
  add_mock_command(app, exit_code);
  add_tokens_command(app, exit_code);
  add_version_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;  // --help is not an error; anything else is wrong usage
  }
  return exit_code;
}
