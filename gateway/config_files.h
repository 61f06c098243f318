#pragma once
// The disk and the environment behind config/load.h.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"

namespace steelyard {

// Real files, real globs, real environment. `env_first` is asked before the environment (demo,
// tests).
LoadInputs disk_inputs(EnvLookup env_first = {});

// config/load.h over the real disk.
LoadResult load_from_disk(const std::string& path, EnvLookup env_first = {});

// Where `--config` looks when it is not given: ./config/gateway.yaml, then
// /etc/steelyard/gateway.yaml.
const std::vector<std::string>& default_config_paths();

// The first of them that exists.
std::optional<std::string> find_default_config();

}  // namespace steelyard
