#pragma once
// `steelyard report`: what was spent, by whom, on what, and what routing saved.

namespace CLI {
class App;
}

namespace steelyard::cli {

void add_report_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
