#pragma once
// Snapshots: the balances after all records of segments 1 to n, in the file snapshot-n. Written
// aside, synced, renamed, directory synced: a snapshot is whole or absent.
#include <cstdint>
#include <string>

#include "config/types/result.h"
#include "router/ledger/balances.h"

namespace steelyard::store {

class FileOps;
struct DirectoryListing;

struct Snapshot {
  std::uint32_t segment = 0;  // 0: none, empty books
  std::uint64_t last_seq = 0;
  router::Balances balances;
};

Result<void> write_snapshot(FileOps& files, const std::string& directory, const Snapshot& snapshot);
Result<Snapshot> read_snapshot(const std::string& directory, std::uint32_t segment);
// The newest readable one; an empty one when there is none, or none is readable and the journal is
// still complete from its first segment on. Fails otherwise.
Result<Snapshot> newest_snapshot(const std::string& directory, const DirectoryListing& listing);

}  // namespace steelyard::store
