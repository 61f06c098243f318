#pragma once
// `steelyard ledger verify` and `steelyard ledger rebuild`.
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace steelyard::cli {

// Where the books and what is derived from them lie; by flags, otherwise by the configuration.
struct BooksPaths {
  std::string config, directory, read_store;
  std::vector<std::string> decisions;
};

// Adds --config, --ledger, --decisions, --store to a command.
void add_books_flags(CLI::App& command, BooksPaths& paths);
// Fills in what no flag said. False: there is no valid configuration, and why was printed.
bool complete(BooksPaths& paths);

void add_ledger_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
