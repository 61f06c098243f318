#pragma once
// The system calls that can fail because of the disk, as a seam: tests put a failing one in their
// place. Every function returns 0 or an errno value.
#include <cstddef>
#include <string>
#include <string_view>

namespace steelyard::store {

class FileOps {
 public:
  virtual ~FileOps() = default;
  // A new file for reading and writing, readable by its owner only; EEXIST if it is there.
  virtual int create(const std::string& path, int& fd);
  // Gives the new file `bytes` of zeroes, on real blocks: later stores into a mapping cannot run
  // out of space.
  virtual int allocate(int fd, std::size_t bytes);
  virtual int write_all(int fd, std::string_view bytes);
  virtual int sync_data(int fd);
  virtual int sync_directory(const std::string& path);
  virtual int truncate(int fd, std::size_t bytes);
  virtual int rename(const std::string& from, const std::string& to);
  virtual int remove(const std::string& path);
};

// The file as a whole, or as it was before: written beside it, synced, renamed. 0 or an errno
// value.
int replace_file(const std::string& path, std::string_view bytes);

// "no space left on device" and the like.
std::string error_text(int error);

}  // namespace steelyard::store
