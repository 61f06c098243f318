#pragma once
// The ledger's directory: which files are in it, and that only one process uses it.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/types/result.h"

namespace steelyard::store {

std::string segment_path(const std::string& directory, std::uint32_t index);
std::string snapshot_path(const std::string& directory, std::uint32_t index);

struct DirectoryListing {
  std::vector<std::uint32_t> segments, snapshots;  // ascending
  std::vector<std::string> temporary;              // left by a process that was killed; full paths
};
Result<DirectoryListing> list_directory(const std::string& directory);

// Holds the directory until destroyed; the kernel lets go when the process dies.
class DirectoryLock {
 public:
  // Makes the directory (and its parents) if absent. Fails when another process holds it.
  static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace steelyard::store
