#pragma once
// `steelyard fleet show|forget`.
namespace CLI {
class App;
}

namespace steelyard::cli {

void add_fleet_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
