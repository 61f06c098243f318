#pragma once
// `steelyard explain`: which model would this request go to, and why? Sends nothing.
namespace CLI {
class App;
}

namespace steelyard::cli {

void add_explain_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
