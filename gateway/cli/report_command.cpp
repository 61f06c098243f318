#include "gateway/cli/report_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "config/spec/gateway_spec.h"
#include "gateway/cli/config_source.h"
#include "gateway/cli/ledger_command.h"
#include "gateway/report_request.h"
#include "gateway/reports/report.h"
#include "gateway/sys/clock.h"

namespace steelyard::cli {
namespace {

struct Flags {
  BooksPaths paths;
  ReportRequest request;
};

int say(const Error& error, int code) {
  std::cerr << error.context << "\n";
  return code;
}

int run(Flags flags) {
  if (!complete(flags.paths)) return 2;
  std::vector<ModelSpec> models;
  if (flags.request.format == "focus") {
    const std::optional<GatewaySpec> spec = load_or_explain(flags.paths.config, std::cerr);
    if (!spec) return 2;
    models = spec->models;
  }
  Result<reports::ReadStore> store =
      reports::ReadStore::open(flags.paths.read_store, reports::ReadStore::Mode::write);
  if (!store) return say(store.error(), 1);
  const auto fresh = store->refresh(flags.paths.decisions, flags.paths.directory);
  if (!fresh) return say(fresh.error(), 1);
  const Result<std::string> report =
      make_report(*store, flags.request, models, sys::SystemClock().now());
  if (!report) return say(report.error(), 2);
  std::cout << *report;
  return 0;
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("report", "what was spent, by whom, on what, and what routing saved");
  std::string names;
  for (const std::string_view name : reports::report_dimensions())
    names += (names.empty() ? "" : ", ") + std::string(name);
  add_books_flags(*command, flags->paths);
  command->add_option("--by", flags->request.by, "one or more of: " + names)->delimiter(',');
  command->add_option("--where", flags->request.where, "only these: team=search tier=premium ...");
  command->add_option(
      "--from", flags->request.from,
      "from this day or moment on: 2026-11-22, 2026-11-22T10:00:00Z, today, yesterday");
  command->add_option("--to", flags->request.to, "before this day or moment");
  command->add_option("--time-zone", flags->request.zone, "whose days and hours; UTC");
  command->add_option("--format", flags->request.format, "table, csv, json, focus")
      ->check(CLI::IsMember(report_formats()));
  command->footer(
      "examples:\n"
      "  steelyard report --by team,model --from 2026-11-01\n"
      "  steelyard report --by day --where team=search tier=premium --time-zone Europe/Berlin\n"
      "`--format focus`: one row per hour, team, key, provider, model and class of tokens, for "
      "cost "
      "tools.\n"
      "A request with two tags counts under both; the total counts it once.\n"
      "Exit codes: 0 good, 1 the books cannot be read, 2 usage.");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace steelyard::cli
