#pragma once
// A file of whole lines that only grows, for what is rare and must not be forgotten: a line is on
// the disk when append() returns. Not for the request path: each line waits for a sync.
#include <functional>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/store/file_ops.h"

namespace steelyard::store {

class AppendLog {
 public:
  AppendLog() = default;  // memory only: append() does nothing
  ~AppendLog();
  AppendLog(AppendLog&& other) noexcept;
  AppendLog& operator=(AppendLog&& other) noexcept;

  // Makes the file if it is not there. `each` gets every whole line, without its line feed; half a
  // line at the end, which a killed process left, is cut off.
  static Result<AppendLog> open(const std::string& path, FileOps& files,
                                const std::function<void(std::string_view)>& each);
  // `line` without a line feed. After a failure the file ends where it ended before, or nothing is
  // appended any more.
  Result<void> append(std::string_view line);

 private:
  std::string path_;
  FileOps* files_ = nullptr;
  int fd_ = -1;
  std::size_t size_ = 0;
  bool broken_ = false;
};

}  // namespace steelyard::store
