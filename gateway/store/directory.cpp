#include "gateway/store/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>

#include "gateway/store/file_ops.h"

namespace steelyard::store {

namespace {

auto bad(const std::string& directory, const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
              "ledger directory `" + directory + "`: " + what);
}

// "segment-00000012.journal" with these two ends is 12.
std::optional<std::uint32_t> index_in(std::string_view name, std::string_view front,
                                      std::string_view back) {
  if (!name.starts_with(front) || !name.ends_with(back)) return std::nullopt;
  if (name.size() != front.size() + 8 + back.size()) return std::nullopt;
  const char* first = name.data() + front.size();
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(first, first + 8, index);
  if (error != std::errc() || end != first + 8) return std::nullopt;
  return index;
}

}  // namespace

std::string segment_path(const std::string& directory, std::uint32_t index) {
  return fmt::format("{}/segment-{:08}.journal", directory, index);
}

std::string snapshot_path(const std::string& directory, std::uint32_t index) {
  return fmt::format("{}/snapshot-{:08}.ledger", directory, index);
}

Result<DirectoryListing> list_directory(const std::string& directory) {
  DirectoryListing out;
  std::error_code error;
  std::filesystem::directory_iterator files(directory, error);
  if (error) return bad(directory, error.message());
  for (const std::filesystem::directory_entry& entry : files) {
    const std::string name = entry.path().filename().string();
    if (const auto index = index_in(name, "segment-", ".journal")) out.segments.push_back(*index);
    if (const auto index = index_in(name, "snapshot-", ".ledger")) out.snapshots.push_back(*index);
    if (name.ends_with(".tmp")) out.temporary.push_back(entry.path().string());
  }
  std::sort(out.segments.begin(), out.segments.end());
  std::sort(out.snapshots.begin(), out.snapshots.end());
  return out;
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return bad(directory, error.message());
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return bad(directory, error_text(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int failed = errno;
    ::close(fd);
    return bad(directory, failed == EWOULDBLOCK ? "another process uses it" : error_text(failed));
  }
  return DirectoryLock(fd);
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace steelyard::store
