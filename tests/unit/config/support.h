#pragma once
// Files in memory for the loader.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/types/glob.h"

namespace steelyard::test {

inline Result<std::string> read_disk(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no such file");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline std::string source_path(const std::string& relative) {
  return std::string(STEELYARD_SOURCE_DIR) + "/" + relative;
}

// Must exist: a missing file fails the test by an exception.
inline std::string read_source(const std::string& relative) {
  return read_disk(source_path(relative)).value();
}

struct World {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> env;

  LoadInputs inputs() const {
    FileReader read = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found != files.end()) return found->second;
      return fail(ErrorKind::not_found, ErrorSource::client, Retry::never, "no such file");
    };
    GlobExpander expand = [this](const std::string& pattern) -> Result<std::vector<std::string>> {
      std::vector<std::string> found;
      for (const auto& [path, text] : files) {
        if (glob_match(pattern, path)) found.push_back(path);
      }
      return found;
    };
    EnvLookup look = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env.find(name);
      return found == env.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    return {read, expand, look};
  }
  LoadResult load(const std::string& path = "gateway.yaml") const {
    return steelyard::load(path, inputs());
  }
};

// A world with the small shared catalogue and a few secrets.
inline World world_of(const std::string& main) {
  World world;
  world.files["gateway.yaml"] = main;
  world.files["models.yaml"] = read_source("tests/golden/config/shared/models.yaml");
  world.files["/run/secrets/good"] = "sk-from-a-file\n";
  world.files["/run/secrets/two-lines"] = "sk-one\nsk-two\n";
  world.env = {{"OPENAI_API_KEY", "sk-openai"},
               {"TEAM_KEY", "sk-team-0123456789abcdef"},
               {"SHORT_KEY", "sk-short"},
               {"EMPTY", ""},
               {"BASE", "https://base.example/v1"}};
  return world;
}

inline const char* minimal =
    "catalog: [models.yaml]\nproviders:\n  openai: { base_url: https://api.openai.com/v1 }\n";

inline bool has_code(const LoadResult& result, const std::string& code) {
  for (const Diagnostic& d : result.diagnostics) {
    if (d.code == code) return true;
  }
  return false;
}

}  // namespace steelyard::test
