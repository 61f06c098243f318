#pragma once
// Providers as data: files such as providers.yaml hold what is known about vendors' endpoints, so
// that the main file says only whose key it is.
#include <vector>

#include "config/binder.h"
#include "config/drafts.h"

namespace steelyard {

// A file of presets: `providers:`, a map from names to providers without keys.
struct PresetDraft {
  std::vector<ProviderSpec> providers;
};
const Table<PresetDraft>& preset_table();  // tables_provider.cpp

// Adds to each provider of the main file, as long as it is a tree, the keys it does not have itself
// from the preset that `like` names, or that has its own name when it has no `base_url`. Of files
// that know a name, the first counts. Maps inside (`quirks`, `rename`) are joined key by key.
void apply_presets(YamlNode& main_file, const std::vector<YamlNode>& preset_files,
                   DiagnosticSink& sink);

}  // namespace steelyard
