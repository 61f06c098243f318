#pragma once
// A whole file, read-only, mapped. Moves; unmaps at the end.
#include <string>
#include <string_view>
#include <utility>

#include "config/types/result.h"

namespace steelyard::store {

class FileView {
 public:
  static Result<FileView> open(const std::string& path);
  FileView(FileView&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  FileView& operator=(FileView&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~FileView();
  std::string_view bytes() const { return bytes_; }

 private:
  FileView() = default;
  std::string_view bytes_;
};

}  // namespace steelyard::store
