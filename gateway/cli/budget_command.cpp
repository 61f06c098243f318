#include "gateway/cli/budget_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "config/values.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/config_source.h"
#include "gateway/cli/ledger_command.h"
#include "gateway/reports/budget_list.h"
#include "gateway/store/recovery.h"
#include "gateway/sys/clock.h"

namespace steelyard::cli {
namespace {

struct Flags {
  BooksPaths paths;
  std::string config, scope, per, amount, note;
  bool json = false, minus = false;
};

int show(Flags flags) {
  if (!complete(flags.paths)) return 2;
  const Result<store::Recovered> books = store::read_books(flags.paths.directory);
  if (!books) {
    std::cerr << books.error().context << "\n";
    return 1;
  }
  std::vector<reports::BudgetLine> lines =
      reports::list_budgets(books->balances, sys::SystemClock().now());
  const auto other = [&](const reports::BudgetLine& line) {
    return !flags.scope.empty() && line.scope != flags.scope;
  };
  std::erase_if(lines, other);
  std::cout << (flags.json ? budgets_json(lines) : budgets_table(lines));
  return 0;
}

// Asks the gateway that runs: only it may write the journal.
int change(const Flags& flags, const std::string& action) {
  const std::optional<GatewaySpec> spec = load_or_explain(flags.config, std::cerr);
  if (!spec) return 2;
  std::string target = "/admin/budgets/" + action + "?scope=" + percent_encoded(flags.scope);
  if (!flags.per.empty()) target += "&per=" + percent_encoded(flags.per);
  if (!flags.note.empty()) target += "&note=" + percent_encoded(flags.note);
  if (action != "reset" && action != "approve") {
    const auto amount = parse_money(flags.amount);
    if (!amount) {
      std::cerr << "`" << flags.amount << "` is not an amount of money: write $5\n";
      return 2;
    }
    target += "&amount_nano_usd=" + std::to_string(flags.minus ? -amount->v : amount->v);
  }
  const Result<HttpAnswer> answer = ask_admin(spec->admin, "POST", target);
  if (!answer) {
    std::cerr << answer.error().context << "\n";
    return 1;
  }
  (answer->status == 200 ? std::cout : std::cerr) << answer->body;
  return answer->status == 200 ? 0 : 1;
}

CLI::App* add_change(CLI::App& budget, const std::string& action, const char* text,
                     const std::shared_ptr<Flags>& flags, int& exit_code) {
  CLI::App* command = budget.add_subcommand(action, text);
  command->add_option("scope", flags->scope, "acme, acme/search, acme/search/search-prod")
      ->required();
  if (action != "reset" && action != "approve")
    command->add_option("amount", flags->amount, "dollars: $5, $0.25")->required();
  command->add_option("-c,--config", flags->config, "the main file")->envname("STEELYARD_CONFIG");
  command->add_option("--per", flags->per, "which window, if the scope has several budgets");
  if (action == "adjust" || action == "top-up")
    command->add_flag("--minus", flags->minus, "take the amount away instead");
  if (action != "set") command->add_option("--note", flags->note, "why; kept in the journal");
  command->callback([flags, action, &exit_code] { exit_code = change(*flags, action); });
  return command;
}

}  // namespace

void add_budget_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* budget = app.add_subcommand("budget", "budgets: show, set, adjust, top up, reset");
  budget->require_subcommand(1);
  CLI::App* list = budget->add_subcommand("show", "how each budget stands, and when it is gone");
  add_books_flags(*list, flags->paths);
  list->add_option("scope", flags->scope, "only this one");
  list->add_flag("--json", flags->json, "one JSON object, money in nano-dollars");
  list->callback([flags, &exit_code] { exit_code = show(*flags); });
  add_change(*budget, "set", "another limit, until the file says a new one", flags, exit_code);
  add_change(*budget, "adjust", "correct what is spent in the running window", flags, exit_code);
  add_change(*budget, "top-up", "more room in the running window, or a prepaid budget", flags,
             exit_code);
  add_change(*budget, "approve", "let it pass the threshold that requires approval", flags,
             exit_code);
  add_change(*budget, "reset", "nothing is spent any more in the running window", flags, exit_code);
  budget->footer(
      "`show` reads the ledger's directory; the others ask the running gateway's admin listener.\n"
      "Exit codes: 0 good, 1 refused or nobody answers, 2 usage.");
}

}  // namespace steelyard::cli
