#pragma once
// `steelyard tokens`: how many tokens is this text, or this chat request, for that model?
namespace CLI {
class App;
}

namespace steelyard::cli {

// When it is chosen, parsing runs it. `exit_code`: 0 counted, 1 a file could not be read or is not
// a chat request, 2 no such model.
void add_tokens_command(CLI::App& app, int& exit_code);

}  // namespace steelyard::cli
