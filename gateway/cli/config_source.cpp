#include "gateway/cli/config_source.h"

#include <ostream>

#include "config/diagnostic.h"
#include "gateway/cli/demo_files.h"
#include "gateway/config_files.h"

namespace steelyard::cli {

void print_problems(const LoadResult& result, std::ostream& err) {
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Severity::error || result.spec)
      err << to_text(diagnostic, result.sources) << '\n';
  }
}

std::string first_problem(const LoadResult& result) {
  for (const Diagnostic& d : result.diagnostics) {
    if (d.severity != Severity::error) continue;
    std::string where;
    if (d.primary.at.line != 0 && d.primary.at.file < result.sources.size())
      where = result.sources[d.primary.at.file].path + ":" + std::to_string(d.primary.at.line) +
              ":" + std::to_string(d.primary.at.column) + ": ";
    return where + d.message;
  }
  return "the configuration is not valid";
}

std::optional<GatewaySpec> load_or_explain(const std::string& path, std::ostream& err) {
  std::string file = path;
  if (file.empty()) {
    const std::optional<std::string> found = find_default_config();
    if (!found) {
      err << "no configuration found: looked for";
      for (const std::string& tried : default_config_paths()) err << " " << tried;
      err << "\nname one with `--config`, or try `steelyard serve --demo`\n";
      return std::nullopt;
    }
    file = *found;
  }
  LoadResult result = load_from_disk(file);
  if (!result.spec) {
    print_problems(result, err);
    return std::nullopt;
  }
  return std::move(result.spec);
}

LoadResult load_demo(std::uint16_t mock_port) {
  LoadInputs inputs;
  inputs.read = [](const std::string& path) -> Result<std::string> {
    for (const DemoFile& file : demo_files())
      if (path == file.path) return std::string(file.text);
    return fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no such file");
  };
  inputs.expand = [](const std::string& pattern) -> Result<std::vector<std::string>> {
    const std::string folder = pattern.substr(0, pattern.rfind('/') + 1);
    std::vector<std::string> found;
    for (const DemoFile& file : demo_files())
      if (!folder.empty() && file.path.starts_with(folder)) found.emplace_back(file.path);
    return found;
  };
  inputs.env = [mock_port](const std::string& name) -> std::optional<std::string> {
    if (name == "STEELYARD_MOCK_PORT") return std::to_string(mock_port);
    if (name == "STEELYARD_DEMO_TOKEN") return "steelyard-demo";
    return std::nullopt;
  };
  return load("config/demo/demo.yaml", inputs);
}

}  // namespace steelyard::cli
