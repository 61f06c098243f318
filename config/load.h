#pragma once
// YAML text → GatewaySpec, or every reason why not. Pure: files, globs and the environment are
// given by the caller (gateway/config_files.h has the real ones). Never throws; hostile input costs
// bounded time and memory.
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostic.h"
#include "config/spec/gateway_spec.h"
#include "config/types/result.h"

namespace steelyard {

// The whole content of a file, or an Error whose context says why not ("no such file").
using FileReader = std::function<Result<std::string>(const std::string& path)>;
// Files a pattern such as "policies/*.yaml" stands for, sorted; empty when none.
using GlobExpander = std::function<Result<std::vector<std::string>>(const std::string& pattern)>;
// Value of an environment variable; nullopt when it is not set.
using EnvLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct LoadInputs {
  FileReader read;
  GlobExpander expand;
  EnvLookup env;
};

// `spec` is there exactly when no diagnostic is an error.
struct LoadResult {
  std::optional<GatewaySpec> spec;
  std::vector<Diagnostic>
      diagnostics;             // at most `diagnostics_max`, one per place, in order of discovery
  std::size_t suppressed = 0;  // further ones, counted but not kept
  std::vector<SourceText>
      sources;  // what SourceSpan::file indexes: main file, catalogues, policies
  bool ok() const { return spec.has_value(); }
};

inline constexpr std::size_t diagnostics_max = 20;

// Reads the main file at `path`, the catalogues and policies it names (paths are relative to it),
// resolves `${env:…}` and `${file:…}`, fills defaults, and checks everything against everything.
LoadResult load(const std::string& path, const LoadInputs& inputs);

// Only catalogues (models.yaml): for tools and tests that need models but no gateway.
struct CatalogResult {
  std::optional<std::vector<ModelSpec>> models;
  std::vector<Diagnostic> diagnostics;
  std::vector<SourceText> sources;
};
CatalogResult load_catalog(const std::vector<std::string>& paths, const LoadInputs& inputs);

}  // namespace steelyard
