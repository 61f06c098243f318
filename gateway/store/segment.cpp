#include "gateway/store/segment.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/store/directory.h"
#include "gateway/store/file_ops.h"

namespace steelyard::store {

Result<std::shared_ptr<Segment>> Segment::make(FileOps& files, const std::string& directory,
                                               std::uint32_t index, std::size_t bytes) {
  const std::string path = segment_path(directory, index);
  const auto failed = [&](const char* what, int error) {
    return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
                std::string(what) + " `" + path + "`: " + error_text(error));
  };
  int fd = -1;
  int created = files.create(path, fd);
  // Left by an attempt of this process that failed and could not clean up: the number is not used
  // yet.
  if (created == EEXIST && files.remove(path) == 0) created = files.create(path, fd);
  if (created != 0) return failed("cannot create", created);
  const auto undo = [&](const char* what, int error) {
    ::close(fd);
    files.remove(path);
    return failed(what, error);
  };
  if (const int error = files.allocate(fd, bytes)) return undo("cannot allocate", error);
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return undo("cannot map", errno);
  std::shared_ptr<Segment> segment(new Segment(fd, static_cast<char*>(memory), bytes, index));
  router::write_segment_header(segment->memory_, {index});
  int error = files.sync_data(fd);
  if (error == 0) error = files.sync_directory(directory);
  if (error == 0) return segment;
  files.remove(path);
  return failed("cannot sync", error);
}

Segment::~Segment() {
  ::munmap(memory_, bytes_);
  ::close(fd_);
}

int Segment::sync(FileOps& files) {
  return files.sync_data(fd_);
}

void Segment::trim(FileOps& files) {
  (void)files.truncate(fd_, used_);
}

}  // namespace steelyard::store
