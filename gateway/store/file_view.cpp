#include "gateway/store/file_view.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/store/file_ops.h"

namespace steelyard::store {

namespace {

auto cannot_read(const std::string& path, int error) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
              "cannot read `" + path + "`: " + error_text(error));
}

}  // namespace

Result<FileView> FileView::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return cannot_read(path, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return cannot_read(path, error);
  }
  FileView view;
  const std::size_t size = static_cast<std::size_t>(info.st_size);
  if (size > 0) {
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    const int error = errno;
    ::close(fd);
    if (at == MAP_FAILED) return cannot_read(path, error);
    view.bytes_ = {static_cast<const char*>(at), size};
  } else {
    ::close(fd);
  }
  return view;
}

FileView::~FileView() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace steelyard::store
