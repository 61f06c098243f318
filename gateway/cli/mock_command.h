#pragma once
// `steelyard mock`: the pretend provider as a process.

namespace CLI {
class App;
}

namespace steelyard::cli {

// Adds the sub-command to `app`. When it is chosen, parsing runs it until SIGINT or SIGTERM;
// `exit_code` is set to 0, or to 1 when it could not start (the reason is on stderr).
void add_mock_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
