#pragma once
// Loading the configuration a command works with, and saying what is wrong with it.
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "config/load.h"

namespace steelyard::cli {

// `path` empty: the default search path. nullopt: nothing was found or it is invalid; why was
// printed to `err`.
std::optional<GatewaySpec> load_or_explain(const std::string& path, std::ostream& err);

// The demo configuration with the pretend providers on `mock_port`.
LoadResult load_demo(std::uint16_t mock_port);

// Prints the errors of a load, with carets.
void print_problems(const LoadResult& result, std::ostream& err);

// The first error as one line: for logs.
std::string first_problem(const LoadResult& result);

}  // namespace steelyard::cli
