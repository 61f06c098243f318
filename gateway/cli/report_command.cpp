#include "gateway/cli/report_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "gateway/cli/config_source.h"
#include "gateway/cli/instant_text.h"
#include "gateway/cli/ledger_command.h"
#include "gateway/reports/focus.h"
#include "gateway/reports/report.h"
#include "gateway/store/zone_loader.h"

namespace steelyard::cli {
namespace {

struct Flags {
  BooksPaths paths;
  std::vector<std::string> by, where;
  std::string from, to, zone = "UTC", format = "table";
};

int say(const Error& error, int code) {
  std::cerr << error.context << "\n";
  return code;
}

// "2026-11-22" and the like: the first moment of that day in the zone; with a time it is UTC.
bool moment(const std::string& text, const router::Zone& zone, Instant& out) {
  if (text.empty()) return true;
  if (!parse_instant(text, out)) return false;
  if (text.size() == 10) out = Instant::from_seconds(zone.utc_from_local(out.seconds()));
  return true;
}

bool fill(const Flags& flags, reports::ReportQuery& query) {
  const std::string names[] = {flags.zone};
  const Result<router::ZoneTable> zones = store::load_zones(names);
  if (!zones) {
    std::cerr << zones.error().context << "\n";
    return false;
  }
  query.zone = *zones->find(flags.zone);
  query.by = flags.by;
  for (const std::string& condition : flags.where) {
    const std::size_t equals = condition.find('=');
    if (equals == std::string::npos) {
      std::cerr << "`" << condition << "`: write --where team=search\n";
      return false;
    }
    query.where.emplace_back(condition.substr(0, equals), condition.substr(equals + 1));
  }
  if (moment(flags.from, query.zone, query.from) && moment(flags.to, query.zone, query.to))
    return true;
  std::cerr << "times are written 2026-11-22 or 2026-11-22T10:00:00Z\n";
  return false;
}

// Prices of today's configuration tell the classes of tokens apart; the sums are what was booked.
int focus(const Flags& flags, reports::ReadStore& store, const reports::ReportQuery& query) {
  const std::optional<GatewaySpec> spec = load_or_explain(flags.paths.config, std::cerr);
  if (!spec) return 2;
  std::map<std::string, router::PriceTable> prices;
  for (const ModelSpec& model : spec->models)
    prices.emplace(model.name, router::PriceTable(model.prices));
  const auto tariff_of = [&](const std::string& model, Instant at) {
    const auto found = prices.find(model);
    return found == prices.end() ? router::Tariff{} : found->second.tariff_at(at);
  };
  const Result<std::string> rows = focus_csv(store, query, tariff_of);
  if (!rows) return say(rows.error(), 2);
  std::cout << *rows;
  return 0;
}

int run(Flags flags) {
  reports::ReportQuery query;
  if (!fill(flags, query) || !complete(flags.paths)) return 2;
  Result<reports::ReadStore> store =
      reports::ReadStore::open(flags.paths.read_store, reports::ReadStore::Mode::write);
  if (!store) return say(store.error(), 1);
  const auto fresh = store->refresh(flags.paths.decisions, flags.paths.directory);
  if (!fresh) return say(fresh.error(), 1);
  if (flags.format == "focus") return focus(flags, *store, query);
  const Result<reports::Report> report = run_report(*store, query);
  if (!report) return say(report.error(), 2);
  std::cout << (flags.format == "csv"    ? report_csv(*report)
                : flags.format == "json" ? report_json(*report)
                                         : report_table(*report));
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
  command->add_option("--by", flags->by, "one or more of: " + names)->delimiter(',');
  command->add_option("--where", flags->where, "only these: team=search tier=premium ...");
  command->add_option("--from", flags->from, "from this day or moment on");
  command->add_option("--to", flags->to, "before this day or moment");
  command->add_option("--time-zone", flags->zone, "whose days and hours; UTC");
  command->add_option("--format", flags->format, "table, csv, json, focus")
      ->check(CLI::IsMember({"table", "csv", "json", "focus"}));
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
