#include "gateway/config_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "config/types/glob.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max =
    16u << 20;  // the loader's own cap is lower; this one stops /dev/zero

auto unreadable(std::string why) {
  return fail(ErrorKind::not_found, ErrorSource::client, Retry::never, std::move(why));
}

std::string reason(int error) {
  switch (error) {
    case ENOENT: return "no such file";
    case EACCES: return "permission denied";
    case EISDIR: return "this is a folder";
    default: return std::strerror(error);
  }
}

Result<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return unreadable(reason(EISDIR));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  if (!file) return unreadable(reason(errno));
  std::string text;
  char block[64 << 10];
  for (std::size_t got; (got = std::fread(block, 1, sizeof block, file.get())) > 0;) {
    text.append(block, got);
    if (text.size() > file_bytes_max) return unreadable("larger than 16 MiB");
  }
  if (std::ferror(file.get()) != 0) return unreadable(reason(errno));
  return text;
}

// Wildcards in the last part of the path only: "policies/*.yaml". Hidden files are skipped.
Result<std::vector<std::string>> expand_glob(const std::string& pattern) {
  const fs::path path(pattern);
  const fs::path folder = path.parent_path();
  if (has_wildcard(folder.string())) return unreadable("wildcards belong in the file name");
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? fs::path(".") : folder, error), end;
       !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') || !glob_match(path.filename().string(), name) ||
        it->is_directory(ignored))
      continue;
    found.push_back((folder / name).lexically_normal().string());
  }
  if (error) return unreadable(error.message());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

LoadInputs disk_inputs(EnvLookup env_first) {
  EnvLookup env =
      [first = std::move(env_first)](const std::string& name) -> std::optional<std::string> {
    if (first) {
      if (std::optional<std::string> value = first(name)) return value;
    }
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  return {read_file, expand_glob, std::move(env)};
}

LoadResult load_from_disk(const std::string& path, EnvLookup env_first) {
  return load(path, disk_inputs(std::move(env_first)));
}

const std::vector<std::string>& default_config_paths() {
  static const std::vector<std::string> paths{"config/gateway.yaml", "/etc/steelyard/gateway.yaml"};
  return paths;
}

std::optional<std::string> find_default_config() {
  for (const std::string& path : default_config_paths()) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  return std::nullopt;
}

}  // namespace steelyard
