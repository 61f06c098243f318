#pragma once
// `steelyard serve`: run the gateway.
namespace CLI {
class App;
}

namespace steelyard::cli {

void add_serve_command(CLI::App& app, const char* version, int& exit_code);

}  // namespace steelyard::cli
