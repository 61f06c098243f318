#include "config/paths.h"

#include <filesystem>

namespace steelyard {

std::string beside(std::string_view from, std::string_view path) {
  const std::filesystem::path wanted{path};
  if (wanted.is_absolute()) return wanted.lexically_normal().string();
  return (std::filesystem::path{from}.parent_path() / wanted).lexically_normal().string();
}

}  // namespace steelyard
