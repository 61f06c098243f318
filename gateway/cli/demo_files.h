#pragma once
// The demo configuration, linked into the binary (cmake/embed.cmake writes the definition).
#include <string_view>
#include <vector>

namespace steelyard::cli {

struct DemoFile {
  std::string_view path;  // "config/demo/demo.yaml"
  std::string_view text;
};
const std::vector<DemoFile>& demo_files();

}  // namespace steelyard::cli
