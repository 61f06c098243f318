#pragma once
// Who a replica is, kept beside its ledger: a directory's id outlives its processes, so that no two
// directories are taken for one replica.
#include <cstdint>
#include <string>

#include "config/types/result.h"

namespace steelyard::fleet {

struct ReplicaIdentity {
  std::string id;               // 16 hex digits
  std::int64_t generation = 1;  // of the process: one more than the last one's
  bool known = false;           // the store has heard of it before
};

// Reads and counts on DIRECTORY/fleet-replica, or makes it. The caller holds the directory's lock.
Result<ReplicaIdentity> replica_identity(const std::string& directory);
// The store has heard of it now.
Result<void> note_known(const std::string& directory, const ReplicaIdentity& identity);
// "host-1f3a9c20", within what a name may be.
std::string default_replica_name(const std::string& id);
// 16 hex digits that nobody else has.
std::string new_id();

}  // namespace steelyard::fleet
