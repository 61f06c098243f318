#pragma once
// `steelyard budget show | set | adjust | top-up | approve | reset`.

namespace CLI {
class App;
}

namespace steelyard::cli {

void add_budget_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
