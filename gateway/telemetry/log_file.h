#pragma once
// An append-only file of lines that may be renamed away under us.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/result.h"

namespace steelyard::telemetry {

class LogFile {
 public:
  LogFile() = default;
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // "-" is standard output. Ends a line that an earlier process left torn. Errors: storage, naming
  // path and reason. On failure the file opened before stays open.
  Result<void> open(const std::string& path);

  // Up to two pieces in one write. Returns the bytes taken, or -1 with errno set; retries after
  // EINTR. What comes in large pieces has blocks of an ext4 file reserved for it, as many as the
  // file has already within two bounds: it is no longer for that, but takes more of the disk.
  std::ptrdiff_t write(std::string_view first, std::string_view second);
  // Waits until a pipe or terminal takes bytes again.
  void wait_writable(int timeout_ms) const;
  bool is_standard_output() const { return fd_ == 1; }
  // What was written can be read back: tail_of().
  bool is_regular() const { return regular_; }

  static constexpr std::size_t large_bytes = 32u << 10;  // a write that blocks are reserved for
  static constexpr std::int64_t reserve_least = 8 << 20, reserve_most = 64 << 20;

 private:
  void reserve(std::int64_t bytes);

  int fd_ = -1;
  bool regular_ = false;
  bool reserves_ = false;      // the file system gains by it, and has room
  std::int64_t size_ = 0;      // of the file when it was last looked at, and what was written since
  std::int64_t reserved_ = 0;  // up to here the file has blocks
};

// The last `bytes` of a regular file, fewer if it has no more; nothing of a pipe or a terminal,
// which are not opened, nor of what cannot be read.
std::optional<std::string> tail_of(const std::string& path, std::size_t bytes);

}  // namespace steelyard::telemetry
