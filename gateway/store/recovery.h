#pragma once
// From a directory to books: newest readable snapshot, then the segments after it.
#include <cstdint>
#include <string>

#include "config/types/result.h"
#include "router/ledger/balances.h"

namespace steelyard::store {

class FileOps;

struct Recovered {
  router::Balances balances;
  std::uint64_t last_seq = 0;
  std::uint32_t next_segment = 1;
  std::uint64_t records = 0;      // replayed after the snapshot
  std::uint64_t cut_bytes = 0;    // of a torn tail
  std::size_t segment_bytes = 0;  // in the segments after the snapshot
};

// Reads only, for tools. A gateway may be writing meanwhile: a record that is being appended looks
// like damage, so what does is read again, a few times over some tens of milliseconds.
Result<Recovered> read_books(const std::string& directory);
// The same, and makes the directory ready for new segments: cuts the torn tail off, removes empty
// segments and leftovers. The caller holds the DirectoryLock.
Result<Recovered> recover_books(FileOps& files, const std::string& directory);

}  // namespace steelyard::store
