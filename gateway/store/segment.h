#pragma once
// One journal file being written: allocated ahead, mapped shared. A store into the mapping is in
// the kernel's page cache at once, so it survives the process, and costs no system call.
#include <cstdint>
#include <memory>
#include <string>

#include "config/types/result.h"
#include "router/ledger/event.h"

namespace steelyard::store {

class FileOps;

class Segment {
 public:
  // Makes the file, allocates it, writes and syncs its header, syncs the directory. Leaves no file
  // behind when it fails.
  static Result<std::shared_ptr<Segment>> make(FileOps& files, const std::string& directory,
                                               std::uint32_t index, std::size_t bytes);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  bool has_room(std::size_t payload_bytes) const {
    return used_ + router::record_head_bytes + payload_bytes <= bytes_;
  }
  // There must be room.
  void append(const router::Event& event) { used_ += router::write_record(memory_ + used_, event); }
  int sync(FileOps& files);
  // No more appends: gives the unused part back to the file system.
  void trim(FileOps& files);

  std::uint32_t index() const { return index_; }
  std::size_t used() const { return used_; }

 private:
  Segment(int fd, char* memory, std::size_t bytes, std::uint32_t index)
      : fd_(fd), memory_(memory), bytes_(bytes), index_(index) {}
  int fd_;
  char* memory_;
  std::size_t bytes_;
  std::size_t used_ = router::segment_header_bytes;
  std::uint32_t index_;
};

}  // namespace steelyard::store
