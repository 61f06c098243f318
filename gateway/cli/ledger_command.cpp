#include "gateway/cli/ledger_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "gateway/blocking_http.h"
#include "gateway/cli/config_source.h"
#include "gateway/instant_text.h"
#include "gateway/reports/read_store.h"
#include "gateway/reports/verify.h"

namespace steelyard::cli {
namespace {

struct Flags {
  BooksPaths paths;
  std::string since, metrics;
  bool json = false;
};

// A file, or the address of a gateway's page.
bool read_page(const std::string& from, std::string& out) {
  if (from.starts_with("http://") || from.starts_with("https://")) {
    HttpCall call;
    call.method = "GET";
    const bool address = split_url(from, call);
    const Result<HttpAnswer> answer = address ? call_blocking(call) : HttpAnswer{};
    if (!answer || answer->status != 200) {
      std::cerr << "`" << from << "`: " << (answer ? "no metrics there" : answer.error().context)
                << "\n";
      return false;
    }
    out = answer->body;
    return true;
  }
  std::ifstream file(from, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  out = text.str();
  if (file && !out.empty()) return true;
  std::cerr << "cannot read the metrics in `" << from << "`\n";
  return false;
}

int run_verify(Flags flags) {
  if (!complete(flags.paths)) return 2;
  reports::VerifyOptions options;
  options.directory = flags.paths.directory;
  options.decisions = flags.paths.decisions;
  if (!flags.since.empty() && !parse_instant(flags.since, options.since)) {
    std::cerr << "`" << flags.since << "` is not a time: write 2026-11-22T10:00:00Z\n";
    return 2;
  }
  if (std::filesystem::exists(flags.paths.read_store)) options.read_store = flags.paths.read_store;
  if (!flags.metrics.empty() && !read_page(flags.metrics, options.metrics)) return 2;
  const Result<reports::VerifyReport> report = reports::verify(options);
  if (!report) {
    std::cerr << report.error().context << "\n";
    return 1;
  }
  std::cout << (flags.json ? verify_json(*report) : verify_text(*report));
  return report->good() ? 0 : 1;
}

int run_rebuild(Flags flags) {
  if (!complete(flags.paths)) return 2;
  Result<reports::ReadStore> store = reports::ReadStore::rebuild(flags.paths.read_store);
  if (!store) {
    std::cerr << store.error().context << "\n";
    return 1;
  }
  const auto done = store->refresh(flags.paths.decisions, flags.paths.directory);
  if (!done) {
    std::cerr << done.error().context << "\n";
    return 1;
  }
  std::cerr << flags.paths.read_store << ": " << done->lines << " requests, " << done->windows
            << " budget windows\n";
  return 0;
}

}  // namespace

void add_books_flags(CLI::App& command, BooksPaths& paths) {
  command.add_option("-c,--config", paths.config, "the main file")->envname("STEELYARD_CONFIG");
  command.add_option("--ledger", paths.directory, "the ledger's directory, if not the configured");
  command.add_option("--decisions", paths.decisions,
                     "files of the decision log, if not the configured; rotated ones, too");
  command.add_option("--store", paths.read_store,
                     "the read store, if not reports.sqlite in the ledger's directory");
}

bool complete(BooksPaths& paths) {
  if (paths.directory.empty() || paths.decisions.empty()) {
    const std::optional<GatewaySpec> spec = load_or_explain(paths.config, std::cerr);
    if (!spec) return false;
    if (paths.directory.empty()) paths.directory = spec->ledger.directory;
    const std::string& log = spec->log.decisions;
    if (paths.decisions.empty() && !log.empty() && log != "-" && std::filesystem::exists(log))
      paths.decisions.push_back(log);
  }
  if (paths.directory.empty()) {
    std::cerr << "the ledger is kept in memory only: there is nothing to read\n";
    return false;
  }
  if (paths.read_store.empty()) paths.read_store = paths.directory + "/reports.sqlite";
  return true;
}

void add_ledger_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* ledger = app.add_subcommand("ledger", "the books: verify, rebuild");
  ledger->require_subcommand(1);
  CLI::App* verify = ledger->add_subcommand(
      "verify",
      "do journal, balances, decision log, metrics and read store agree to the nano-dollar?");
  add_books_flags(*verify, flags->paths);
  verify->add_option("--since", flags->since,
                     "compare only requests from then on with the decision log");
  verify->add_option(
      "--metrics", flags->metrics,
      "a /metrics page, as a file or an address: of the process that wrote last, taken "
      "while nothing was under way");
  verify->add_flag("--json", flags->json, "one JSON object");
  verify->footer("Exit codes: 0 all agree, 1 a difference, 2 usage.");
  verify->callback([flags, &exit_code] { exit_code = run_verify(*flags); });
  CLI::App* rebuild =
      ledger->add_subcommand("rebuild", "make the read store again from decision log and journal");
  add_books_flags(*rebuild, flags->paths);
  rebuild->callback([flags, &exit_code] { exit_code = run_rebuild(*flags); });
}

}  // namespace steelyard::cli
